-- After pg_restore: transaction ids and snapshots are another PostgreSQL's and mean nothing here. Each row is asked once, by its numbers alone, whether it was in the log,
-- and what was not is staged anew in this transaction; from then on everything there is, is to come. Rows staged here meanwhile are told by their origin.
create or replace function ${internal}.restage_records(p_position ${internal}.staged_position) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
declare
    c_origin constant oid := '${internal}.staged_0'::regclass::oid;
begin
    delete from ${internal}.staged_0 s
    where s.origin <> c_origin
      and pg_visible_in_snapshot(s.xid, p_position.snapshot)
      and (p_position.after_id is null or s.id <= p_position.after_id or pg_visible_in_snapshot(s.xid, p_position.last_snapshot));
    delete from ${internal}.staged_1 s
    where s.origin <> c_origin
      and pg_visible_in_snapshot(s.xid, p_position.snapshot)
      and (p_position.after_id is null or s.id <= p_position.after_id or pg_visible_in_snapshot(s.xid, p_position.last_snapshot));
    update ${internal}.staged_0 s set xid = pg_current_xact_id(), origin = c_origin where s.origin <> c_origin;
    update ${internal}.staged_1 s set xid = pg_current_xact_id(), origin = c_origin where s.origin <> c_origin;
    -- A snapshot that sees nothing: 3 is the first transaction id there can be.
    insert into ${internal}.staged_position (position_id, last_snapshot, snapshot, staging_table)
    values (p_position.position_id + 1, '3:3:', '3:3:', c_origin);
end
$$;

-- The transactions that became visible between two snapshots, as ranges of ids: from the first up to, without it, the one beyond. Those that were in progress
-- in the older one and are not in the newer, and what lies between those in progress in the newer, from the older one's xmax on. So whoever has not ended is in
-- none, and however much it has staged is not looked at.
create or replace function ${internal}.xids_between(p_last pg_snapshot, p_snapshot pg_snapshot, out first xid8[], out beyond xid8[])
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as
$$
begin
    -- As numbers: xid8 has an order, but no sums.
    select array_agg(r.first::text::xid8), array_agg(r.beyond::text::xid8) into first, beyond
    from (select x::text::bigint as first, x::text::bigint + 1 as beyond from pg_snapshot_xip(p_last) x where pg_visible_in_snapshot(x, p_snapshot)
          union all
          select b.xid + 1, lead(b.xid) over (order by b.xid)
          from (select pg_snapshot_xmax(p_last)::text::bigint - 1
                union all
                select x::text::bigint from pg_snapshot_xip(p_snapshot) x where x >= pg_snapshot_xmax(p_last)
                union all
                select greatest(pg_snapshot_xmax(p_last), pg_snapshot_xmax(p_snapshot))::text::bigint) b (xid)) r
    where r.first < r.beyond;
end
$$;

-- Records that became visible between two snapshots, from an id on, where they are few: found by transaction id, then sorted.
create or replace function ${internal}.staged_few(p_last pg_snapshot, p_snapshot pg_snapshot, p_after bigint, p_limit int)
    returns setof ${internal}.staged_0
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_material = off
    set plan_cache_mode = force_generic_plan
as
$$
declare
    v_first  xid8[];
    v_beyond xid8[];
begin
    select x.first, x.beyond into v_first, v_beyond from ${internal}.xids_between(p_last, p_snapshot) x;
    return query
    -- Materialized: not to be read in the order of ids, past all that is done.
    with candidate as materialized (
        select s.* from unnest(v_first, v_beyond) x (first, beyond)
        cross join lateral (
            select r.* from ${internal}.staged_0 r where r.xid >= x.first and r.xid < x.beyond
            union all select r.* from ${internal}.staged_1 r where r.xid >= x.first and r.xid < x.beyond) s
    )
    select c.* from candidate c where c.id > p_after order by c.id limit p_limit;
end
$$;

-- The same where they are many, as after the servers were away: read in the order of ids, up to the last one, past what is not between the two.
create or replace function ${internal}.staged_many(p_last pg_snapshot, p_snapshot pg_snapshot, p_after bigint, p_last_id bigint, p_limit int)
    returns setof ${internal}.staged_0
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_sort = off
    set enable_incremental_sort = off
    set plan_cache_mode = force_generic_plan
as
$$
begin
    return query
    select r.* from (select * from ${internal}.staged_0 union all select * from ${internal}.staged_1) r
    where r.id > p_after and r.id <= p_last_id
      and pg_visible_in_snapshot(r.xid, p_snapshot) and not pg_visible_in_snapshot(r.xid, p_last)
    order by r.id limit p_limit;
end
$$;

-- A slice of them with what is known of their topics: as many as fit, the first always.
create or replace function ${internal}.staged_slice(
    p_last pg_snapshot, p_snapshot pg_snapshot, p_after bigint, p_last_id bigint, p_max_records int, p_max_bytes bigint
) returns table (
        last_snapshot text, snapshot text, last_id bigint, more boolean,
        id bigint, topic_id int, topic text, key_type text, value_type text, partition_count int,
        partition int, timestamp_ms bigint, staged_at timestamptz, key bytea, value bytea, headers text, principal text)
    language plpgsql
    volatile
    rows 100
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    return query
    select p_last::text, p_snapshot::text, p_last_id, f.more,
           f.id, f.topic_id, t.name, t.key_type, t.value_type, t.partition_count,
           f.partition, floor(extract(epoch from f."timestamp") * 1000)::bigint, f.staged_at, f.key, f.value, f.headers, f.principal
    from (select n.*, bool_or(not n.fits) over () as more
          from (select s.*,
                       row_number() over w <= p_max_records
                           and (row_number() over w = 1
                                or sum(coalesce(octet_length(s.key), 0)::bigint + coalesce(octet_length(s.value), 0)
                                       + coalesce(octet_length(s.headers), 0) + 50) over w <= p_max_bytes) as fits
                from (select m.* from ${internal}.staged_many(p_last, p_snapshot, p_after, p_last_id, p_max_records + 1) m
                      where p_last_id is not null
                      union all
                      select e.* from ${internal}.staged_few(p_last, p_snapshot, p_after, p_max_records + 1) e
                      where p_last_id is null) s
                window w as (order by s.id)) n) f
    left join ${internal}.topic t on t.topic_id = f.topic_id and t.deleted_at is null
    where f.fits
    order by f.id;
end
$$;

-- The next slice of committed records that are not in the log: in the order of their ids among those that became visible between two snapshots. No row: there is none.
-- What it was read from goes to advance_staged, with the append.
--
-- Snapshots, as PgQ's ticks are: what the newest position's snapshot sees is done, and what a newer one sees and that does not is next. It is found by
-- transaction id, see xids_between: a transaction that stays open is one more number to step over, whatever it has staged, and one that commits late is found
-- when it has committed, wherever its ids are.
create or replace function ${internal}.next_staged(p_max_records int, p_max_bytes bigint)
    returns table (
        position_id bigint, last_snapshot text, snapshot text, last_id bigint, more boolean,
        id bigint, topic_id int, topic text, key_type text, value_type text, partition_count int,
        partition int, timestamp_ms bigint, staged_at timestamptz, key bytea, value bytea, headers text, principal text)
    language plpgsql
    volatile
    rows 100
    set search_path = pg_catalog, pg_temp
    -- By index, however few rows there were when somebody looked.
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_material = off
as
$$
#variable_conflict use_column
declare
    -- More between two snapshots is read by id, a slice at a time, instead of being sorted for each slice.
    c_few      constant int := 20000;
    p          ${internal}.staged_position;
    v_last     pg_snapshot;
    v_snapshot pg_snapshot;
    v_first    xid8[];
    v_beyond   xid8[];
    v_after    bigint;
    v_last_id  bigint;
    v_count    int;
begin
    select n.* into p from ${internal}.staged_position n order by n.position_id desc limit 1;
    if p.staging_table <> '${internal}.staged_0'::regclass::oid then
        if not pg_try_advisory_xact_lock('${internal}.staged_position'::regclass::oid::int, 0) then
            return;
        end if;
        select n.* into p from ${internal}.staged_position n order by n.position_id desc limit 1;
        if p.staging_table <> '${internal}.staged_0'::regclass::oid then
            -- No snapshot taken here sees what this transaction has staged anew: the next call's does, with all else there is.
            perform ${internal}.restage_records(p);
            return;
        end if;
    end if;

    if p.after_id is not null then
        return query select p.position_id, s.* from ${internal}.staged_slice(
            p.last_snapshot, p.snapshot, p.after_id, p.last_id, p_max_records, p_max_bytes) s;
        if found then
            return;
        end if;
    end if;

    v_last := p.snapshot;
    -- Statements from here on see all that this sees.
    v_snapshot := pg_current_snapshot();
    select x.first, x.beyond into v_first, v_beyond from ${internal}.xids_between(v_last, v_snapshot) x;
    select count(*) into v_count
    from (select from unnest(v_first, v_beyond) x (first, beyond)
          cross join lateral (
              select from ${internal}.staged_0 r where r.xid >= x.first and r.xid < x.beyond
              union all select from ${internal}.staged_1 r where r.xid >= x.first and r.xid < x.beyond) s
          limit c_few + 1) few;
    if v_count = 0 then
        return;
    end if;
    v_after := 0;
    if v_count > c_few then
        select min(s.id) - 1, max(s.id) into v_after, v_last_id
        from unnest(v_first, v_beyond) x (first, beyond)
        cross join lateral (
            select r.id from ${internal}.staged_0 r where r.xid >= x.first and r.xid < x.beyond
            union all select r.id from ${internal}.staged_1 r where r.xid >= x.first and r.xid < x.beyond) s;
    end if;
    return query select p.position_id, s.* from ${internal}.staged_slice(
        v_last, v_snapshot, v_after, v_last_id, p_max_records, p_max_bytes) s;
end
$$;
