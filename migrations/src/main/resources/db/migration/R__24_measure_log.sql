-- What everything of ours takes on disk, in bytes: all tables of the schema, with their indexes and large values; and how many segments there are. Measured
-- anew when the last figure is older than p_max_age_ms, by one session at a time (others get the last figure), and so seldom that it takes no more than a
-- fiftieth of one session's time: looking at the files of a thousand leaves takes some 50 ms. Sealed leaves are looked at once. No row before the first
-- measurement is done.
create or replace function ${internal}.measure_log(p_max_age_ms int)
    returns table (disk_bytes bigint, topics int, segments int, retired_segments int, age_ms bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '500ms'
as
$$
#variable_conflict use_column
declare
    c_rest  constant int := 50;
    v_start timestamptz;
    v_fresh boolean;
begin
    select clock_timestamp() < l.measured_at + greatest(p_max_age_ms, l.took_ms * c_rest) * interval '1 ms' into v_fresh from ${internal}.log_size l;
    if v_fresh is distinct from true and pg_try_advisory_xact_lock('${internal}.log_size'::regclass::oid::int, 0) then
        v_start := clock_timestamp();
        insert into ${internal}.log_size as l (disk_bytes, topics, segments, retired_segments, measured_at, took_ms)
        select (select coalesce(sum(coalesce(s.disk_bytes, pg_total_relation_size(s.leaf))), 0) from ${internal}.segment s)
                   + (select coalesce(sum(pg_total_relation_size(r.leaf)), 0) from ${internal}.retired_leaf r)
                   -- All else, whatever it is called: batches, what is staged, commits, history.
                   + (select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c
                      where c.relnamespace = '${internal}'::regnamespace and c.relkind = 'r'
                        and not exists (select from ${internal}.segment s where s.leaf = c.oid)
                        and not exists (select from ${internal}.retired_leaf r where r.leaf = c.oid)),
               (select count(*) from ${internal}.topic t where t.deleted_at is null),
               (select count(*) from ${internal}.segment),
               (select count(*) from ${internal}.retired_leaf),
               v_start, 0
        on conflict (one_row) do update
        set disk_bytes = excluded.disk_bytes, topics = excluded.topics, segments = excluded.segments,
            retired_segments = excluded.retired_segments, measured_at = excluded.measured_at;
        update ${internal}.log_size set took_ms = extract(epoch from clock_timestamp() - v_start) * 1000;
    end if;
    return query
    select l.disk_bytes, l.topics, l.segments, l.retired_segments, (extract(epoch from clock_timestamp() - l.measured_at) * 1000)::bigint
    from ${internal}.log_size l;
end
$$;
