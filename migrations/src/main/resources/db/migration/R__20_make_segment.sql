-- Makes the segment that starts at p_base_offset and has room for p_records records, unless it is there; returns its upper bound, or null when
-- the partition is gone. Any server may call it at any time: the topic's segment lock makes it once.
--
-- A partition's first segment is refused (TM089) where there are p_max_segments already: tables are locks, and a neighbour's pg_dump takes one for each.
-- Those that follow are made in any case, so that who has begun can go on.
--
-- ATTACH takes SHARE UPDATE EXCLUSIVE on the parent only, so neither appends nor readers wait. The leaf is empty, so ATTACH scans nothing. Appends may
-- wait for the segment, so what is in its own way (ANALYZE of the parent, a leaf being detached) is not waited for long.
-- BRIN is PostgreSQL's own sparse index, the idea of Kafka's .index files: it costs the append path next to nothing. A fetch finds its blocks by
-- batch.first_block and falls back on this index.
drop function if exists ${internal}.make_segment(int, bigint, bigint);

create or replace function ${internal}.make_segment(
    p_partition_id int, p_base_offset bigint, p_records bigint, p_max_segments int default null
) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as
$$
declare
    v_topic_id  int;
    v_partition int;
    v_upper     bigint;
    v_parent    text;
    v_leaf      text;
    v_segments  bigint;
begin
    if current_setting('synchronous_commit') in ('on', 'remote_write', 'remote_apply') then
        -- No wait for a standby: the append that needs the segment is committed later, and waits for both where it waits.
        perform set_config('synchronous_commit', 'local', true);
    end if;
    select p.topic_id, p.partition into v_topic_id, v_partition
    from ${internal}.partition p join ${internal}.topic t using (topic_id)
    where p.partition_id = p_partition_id and t.deleted_at is null;
    if not found then
        return null;
    end if;
    perform pg_advisory_xact_lock('${internal}.segment'::regclass::oid::int, v_topic_id);

    -- Later statements, so that they see what the lock's last holder did.
    select upper_bound into v_upper from ${internal}.segment
    where partition_id = p_partition_id and base_offset <= p_base_offset and upper_bound > p_base_offset;
    if found then
        return v_upper;
    end if;
    if not exists (select from ${internal}.topic where topic_id = v_topic_id and deleted_at is null) then
        return null;
    end if;
    if p_base_offset <> coalesce(
            (select max(upper_bound) from ${internal}.segment where partition_id = p_partition_id), p_base_offset) then
        raise exception 'a segment at % would not follow partition %''s last one', p_base_offset, v_partition;
    end if;

    if p_max_segments is not null and not exists (select from ${internal}.segment where partition_id = p_partition_id) then
        select count(*) into v_segments from ${internal}.segment;
        if v_segments >= p_max_segments then
            raise exception 'the log has % segments of %, and makes no first one for another partition', v_segments, p_max_segments
                using errcode = 'TM089';
        end if;
    end if;

    v_upper := p_base_offset + p_records;
    v_parent := format('${internal}.topic_%s', v_topic_id);
    v_leaf := format('topic_%s_%s_%s', v_topic_id, v_partition, lpad(p_base_offset::text, 20, '0'));
    execute format(
        'create table ${internal}.%I (like %s including storage including compression including constraints) with (
             vacuum_truncate = off, autovacuum_freeze_min_age = 0,
             autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000)',
        v_leaf, v_parent);
    execute format(
        'create index %I on ${internal}.%I using brin (record_offset) with (pages_per_range = 64, autosummarize = on)',
        v_leaf || '_offset', v_leaf);
    execute format(
        'alter table %s attach partition ${internal}.%I for values from (%s, %s) to (%s, %s)',
        v_parent, v_leaf, v_partition, p_base_offset, v_partition, v_upper);
    insert into ${internal}.segment (partition_id, base_offset, upper_bound, leaf)
    values (p_partition_id, p_base_offset, v_upper, format('${internal}.%I', v_leaf)::regclass);
    return v_upper;
end
$$;
