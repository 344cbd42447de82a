-- Where the records from p_offset on lie: the leaf, the blocks, and the offset to read up to, found from the batch rows alone.
--
-- The caller reads by TID range, in the order rows lie in and no more of them than it wants, and checks that their offsets are dense. Where they are
-- not (an aborted append's space was used again, or two servers wrote to the leaf at once) it reads again through the leaf's BRIN index, sorted. Plan settings are for that read, in the same database transaction.
--
-- Raises TM075 when the caller's leader epoch or run of PostgreSQL is not the current one: see require_leader_epoch.
create or replace function ${internal}.plan_fetch(p_partition_id int, p_offset bigint, p_max_bytes bigint, p_max_records int, p_leader_epoch int, p_run_id uuid)
    returns table (log_start_offset bigint, log_end_offset bigint, leaf text, first_block int, end_block int, read_end bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
declare
    -- Blocks: what reserve takes off a hint, and what it does not count, many times over.
    c_beyond  constant int := 1024;
    v_segment record;
    v_batch   record;
    v_bytes   bigint := 0;
    v_average bigint;
begin
    perform ${internal}.require_leader_epoch(p_leader_epoch, p_run_id);
    perform set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true);
    -- Log start first: were it read last, retention could move it past what the end was read for.
    select p.log_start_offset into log_start_offset from ${internal}.partition p where p.partition_id = p_partition_id;
    if not found then
        return;
    end if;
    select greatest(b.base_offset + b.record_count, log_start_offset) into log_end_offset
    from ${internal}.batch b where b.partition_id = p_partition_id order by b.base_offset desc limit 1;
    log_end_offset := coalesce(log_end_offset, 0);
    if p_offset < log_start_offset or p_offset >= log_end_offset then
        return next;
        return;
    end if;

    select s.base_offset, s.upper_bound, s.leaf into v_segment
    from ${internal}.segment s where s.partition_id = p_partition_id and s.base_offset <= p_offset order by s.base_offset desc limit 1;
    if not found and not exists (
            select from ${internal}.partition p join ${internal}.topic t using (topic_id)
            where p.partition_id = p_partition_id and t.deleted_at is null) then
        -- A deleted topic's segments are the first to go.
        return;
    end if;
    leaf := v_segment.leaf::text;
    read_end := p_offset;
    for v_batch in
        select b.base_offset, b.record_count, b.bytes, b.first_block
        from ${internal}.batch b
        where b.partition_id = p_partition_id and b.base_offset < v_segment.upper_bound
          and b.base_offset >= (select c.base_offset from ${internal}.batch c
                                where c.partition_id = p_partition_id and c.base_offset <= p_offset order by c.base_offset desc limit 1)
        order by b.base_offset
    loop
        if first_block is null then
            -- A batch that began in the segment before has its first records here at the start of the leaf.
            first_block := case when v_batch.base_offset < v_segment.base_offset then 0 else v_batch.first_block end;
        elsif v_bytes >= p_max_bytes or read_end - p_offset >= p_max_records then
            -- This batch is not wanted. Hints are a little low, so the last one wanted ends some blocks later; so far is looked at the most.
            end_block := v_batch.first_block + c_beyond;
            exit;
        end if;
        v_average := greatest(v_batch.bytes / v_batch.record_count, 1);
        read_end := least(
            v_batch.base_offset + v_batch.record_count,
            v_segment.upper_bound,
            p_offset + p_max_records,
            read_end + greatest((p_max_bytes - v_bytes + v_average - 1) / v_average, 1));
        v_bytes := v_bytes + (read_end - greatest(v_batch.base_offset, p_offset)) * v_average;
    end loop;
    return next;
end
$$;
