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
--
-- Raises TM075 when the caller's leader epoch or run of PostgreSQL is not the current one: see require_leader_epoch.
create or replace function ${internal}.log_ranges(p_partition_ids int[], p_leader_epoch int, p_run_id uuid)
    returns table (partition_id int, log_start_offset bigint, log_end_offset bigint)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    perform ${internal}.require_leader_epoch(p_leader_epoch, p_run_id);
    return query
    select p.partition_id, p.log_start_offset, greatest(${internal}.log_end(p.partition_id), p.log_start_offset)
    from ${internal}.partition p
    join ${internal}.topic t using (topic_id)
    where p.partition_id = any (p_partition_ids) and t.deleted_at is null;
end
$$;
