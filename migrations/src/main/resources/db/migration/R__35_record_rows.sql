-- The records of a small append as rows. Not inlined (it is VOLATILE), so that the statement around it is estimated alike whatever the arrays hold and
-- PostgreSQL keeps its generic plan; planning it anew costs more than running it.
create or replace function ${internal}.record_rows(
    p_batches int[], p_indexes int[], p_partitions int[], p_timestamps bigint[], p_keys bytea[], p_values bytea[], p_headers text[]
) returns table (batch int, index int, partition int, ts bigint, key bytea, value bytea, headers text)
    language sql
    volatile
    rows 100
    set search_path = pg_catalog, pg_temp
as
$$
    select * from unnest(p_batches, p_indexes, p_partitions, p_timestamps, p_keys, p_values, p_headers)
$$;
