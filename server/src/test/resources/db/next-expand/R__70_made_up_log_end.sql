-- A made-up next version of a function that servers of this version call.
create or replace function ${internal}.log_end(p_partition_id int) returns bigint
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
    select coalesce(max(made_up.base_offset + made_up.record_count), 0) from ${internal}.batch made_up where made_up.partition_id = p_partition_id
$$;
