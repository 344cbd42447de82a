-- A partition's log end offset, as committed.
create or replace function ${internal}.log_end(p_partition_id int) returns bigint
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
    select coalesce(
        (select b.base_offset + b.record_count from ${internal}.batch b where b.partition_id = p_partition_id order by b.base_offset desc limit 1), 0)
$$;

-- The ranges of several partitions; those that are gone are left out.
create or replace function ${internal}.log_ranges(p_partition_ids int[])
    returns table (partition_id int, log_start_offset bigint, log_end_offset bigint)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
    select p.partition_id, p.log_start_offset, greatest(${internal}.log_end(p.partition_id), p.log_start_offset)
    from ${internal}.partition p
    join ${internal}.topic t using (topic_id)
    where p.partition_id = any (p_partition_ids) and t.deleted_at is null
$$;
