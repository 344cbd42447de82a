-- Seals the partition's full segments: writes down what they hold, for the time index and for auditors. Returns the leaves sealed, which have
-- seen their last append and are worth a VACUUM.
create or replace function ${internal}.seal_segments(p_partition_id int) returns setof text
    language sql
    set search_path = pg_catalog, pg_temp
as
$$
    -- Nobody waits for a standby to have it: what is lost of it is done again.
    select set_config('synchronous_commit', 'local', true) where current_setting('synchronous_commit') in ('on', 'remote_write', 'remote_apply');

    with log_end as (
        select base_offset + record_count as log_end_offset
        from ${internal}.batch where partition_id = p_partition_id order by base_offset desc limit 1
    ), held as (
        -- A batch across two segments counts for the one it starts in, but its times for both.
        select s.base_offset, min(b.min_timestamp) as min_timestamp, max(b.max_timestamp) as max_timestamp,
               coalesce(sum(b.bytes) filter (where b.base_offset >= s.base_offset), 0) as bytes
        from ${internal}.segment s
        join log_end on log_end.log_end_offset >= s.upper_bound
        join ${internal}.batch b on b.partition_id = s.partition_id and b.base_offset < s.upper_bound
            and b.base_offset >= coalesce(
                (select f.base_offset from ${internal}.batch f
                 where f.partition_id = s.partition_id and f.base_offset <= s.base_offset order by f.base_offset desc limit 1),
                s.base_offset)
        where s.partition_id = p_partition_id and s.sealed_at is null
        group by s.base_offset
    )
    update ${internal}.segment s
    set sealed_at = now(), min_timestamp = held.min_timestamp, max_timestamp = held.max_timestamp, bytes = held.bytes,
        disk_bytes = pg_total_relation_size(s.leaf)
    from held
    where s.partition_id = p_partition_id and s.base_offset = held.base_offset
    returning s.leaf::text
$$;
