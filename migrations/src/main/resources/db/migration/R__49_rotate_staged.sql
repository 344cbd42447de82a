-- Housekeeping of the two staging tables, a short step at a time: truncates the one that callers have left, when all of it is in the log, and has them write to it
-- when the other has become large or old. Tells what it did: truncated, switched, or nothing (null).
--
-- Nobody ever waits for ACCESS EXCLUSIVE here: where a caller that has written to the table has not committed, or somebody reads it, it is left for the next time.
-- p_rest_ms after the switch, so that a pg_dump that has its snapshot has its locks too: what the dump's topics lack, its staging table must hold.
create or replace function ${internal}.rotate_staged(p_max_bytes bigint, p_max_age_ms bigint, p_rest_ms bigint) returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
declare
    c      ${internal}.staged_current;
    v_used regclass;
    v_left regclass;
begin
    if not pg_try_advisory_xact_lock('${internal}.staged_current'::regclass::oid::int, 0) then
        return null;
    end if;
    -- Not with a lock on the table in hand for a standby that is away: what is lost with it is done again.
    perform set_config('synchronous_commit', 'local', true);
    select r.* into c from ${internal}.staged_current r;
    v_used := case c.number when 0 then '${internal}.staged_0' else '${internal}.staged_1' end;
    v_left := case c.number when 0 then '${internal}.staged_1' else '${internal}.staged_0' end;

    if pg_relation_size(v_left) > 0 then
        if c.since > clock_timestamp() - p_rest_ms * interval '1 ms' or not ${internal}.is_sequenced(v_left) then
            return null;
        end if;
        begin
            execute format('lock table %s in access exclusive mode nowait', v_left);
        exception
            when lock_not_available then
                return null;
        end;
        -- Once more, now that nobody can have rows in it that are not to be seen yet.
        if not ${internal}.is_sequenced(v_left) then
            return null;
        end if;
        execute format('truncate %s', v_left);
        return 'truncated';
    end if;

    if pg_total_relation_size(v_used) >= p_max_bytes
            or pg_relation_size(v_used) > 0 and c.since <= clock_timestamp() - p_max_age_ms * interval '1 ms' then
        update ${internal}.staged_current set number = 1 - c.number, since = clock_timestamp();
        return 'switched';
    end if;
    return null;
end
$$;

-- Whether all rows of a staging table that are to be seen are in the log. By index.
create or replace function ${internal}.is_sequenced(p_table regclass) returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
declare
    p        ${internal}.staged_position;
    v_first  xid8[];
    v_beyond xid8[];
    v_found  boolean;
begin
    select n.* into p from ${internal}.staged_position n order by n.position_id desc limit 1;
    if p.after_id is not null or p.staging_table <> '${internal}.staged_0'::regclass::oid then
        return false;
    end if;
    select x.first, x.beyond into v_first, v_beyond from ${internal}.xids_between(p.snapshot, pg_current_snapshot()) x;
    execute format('select exists (select from unnest($1, $2) x (first, beyond)
                        cross join lateral (select from %s r where r.xid >= x.first and r.xid < x.beyond limit 1) s)', p_table)
    into v_found using v_first, v_beyond;
    return not v_found;
end
$$;

-- How much waits, counted up to p_most, and since when the oldest of that: for metrics.
create or replace function ${internal}.measure_staged(p_most int) returns table (records bigint, oldest_ms bigint, bytes bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_material = off
as
$$
declare
    p        ${internal}.staged_position;
    v_done   pg_snapshot;
    v_first  xid8[];
    v_beyond xid8[];
begin
    select n.* into p from ${internal}.staged_position n order by n.position_id desc limit 1;
    v_done := case when p.after_id is null then p.snapshot else p.last_snapshot end;
    select x.first, x.beyond into v_first, v_beyond from ${internal}.xids_between(v_done, pg_current_snapshot()) x;
    return query
    select count(*), (extract(epoch from clock_timestamp() - min(w.staged_at)) * 1000)::bigint,
           pg_total_relation_size('${internal}.staged_0') + pg_total_relation_size('${internal}.staged_1')
    from (select s.staged_at
          from unnest(v_first, v_beyond) x (first, beyond)
          cross join lateral (
              select r.xid, r.id, r.staged_at from ${internal}.staged_0 r where r.xid >= x.first and r.xid < x.beyond
              union all select r.xid, r.id, r.staged_at from ${internal}.staged_1 r where r.xid >= x.first and r.xid < x.beyond) s
          where p.after_id is null or s.id > p.after_id or not pg_visible_in_snapshot(s.xid, p.snapshot)
          limit p_most) w;
end
$$;
