-- The first batch from p_from on, in offset order, that can hold a record at or after a time: sealed segments are passed over by their largest
-- timestamp, so at most one segment's batches are read, and the unsealed ones.
create or replace function ${internal}.batch_at(p_partition_id int, p_timestamp timestamptz, p_from bigint)
    returns table (first_offset bigint, end_offset bigint)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
    select greatest(b.base_offset, p.log_start_offset), b.base_offset + b.record_count
    from ${internal}.partition p
    join ${internal}.batch b on b.partition_id = p.partition_id
    where p.partition_id = p_partition_id
      and b.max_timestamp >= p_timestamp
      and b.base_offset + b.record_count > p.log_start_offset
      and b.base_offset >= p_from
      and b.base_offset >= coalesce(
          -- From the last batch that begins at or before the first segment that qualifies.
          (select f.base_offset from ${internal}.batch f
           where f.partition_id = p_partition_id
             and f.base_offset <= (select min(s.base_offset) from ${internal}.segment s
                                   where s.partition_id = p_partition_id and (s.max_timestamp is null or s.max_timestamp >= p_timestamp))
           order by f.base_offset desc limit 1), 0)
    order by b.base_offset
    limit 1
$$;
