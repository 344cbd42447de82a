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
