-- A row for every broken promise in a topic, seen in one snapshot (STABLE: every query in here sees what the caller's query sees). Reads the whole
-- topic, sorts its offsets, and blocks nobody.
create or replace function ${schema}.verify(topic text)
    returns table (partition int, promise text, record_offset bigint, detail text)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set work_mem = '64MB'
as
$$
#variable_conflict use_column
declare
    v_topic_id int;
    v_relation regclass;
begin
    select t.topic_id, to_regclass(format('%I.%I', '${topic_schema}', t.relation_name)) into v_topic_id, v_relation
    from ${internal}.topic t where t.name = verify.topic and t.deleted_at is null;
    if not found then
        raise exception 'there is no topic %', coalesce(quote_literal(verify.topic), 'null') using errcode = 'TM003';
    end if;
    if v_relation is null then
        raise exception 'topic % has been deleted since this snapshot was taken', quote_literal(verify.topic) using errcode = 'TM003';
    end if;
    if not has_table_privilege(session_user, v_relation, 'select') then
        raise exception 'not authorised for topic %', quote_literal(verify.topic) using errcode = 'TM029';
    end if;

    -- Batches tile [0, log end): each begins where the one before ended.
    return query
    select p.partition, 'batches tile the log', b.base_offset,
           case when b.base_offset > b.previous_end then format('gap: the batch before ends at %s', b.previous_end)
                else format('overlap: the batch before ends at %s', b.previous_end) end
    from (select x.partition_id, x.base_offset,
                 lag(x.base_offset + x.record_count) over (partition by x.partition_id order by x.base_offset) as previous_end
          from ${internal}.batch x join ${internal}.partition y using (partition_id) where y.topic_id = v_topic_id) b
    join ${internal}.partition p using (partition_id)
    where b.base_offset <> b.previous_end;

    return query
    select p.partition, 'the log reaches down to its start', f.first, format('the first batch begins here, the log starts at %s', p.log_start_offset)
    from ${internal}.partition p
    cross join lateral (select min(b.base_offset) as first from ${internal}.batch b where b.partition_id = p.partition_id) f
    where p.topic_id = v_topic_id and f.first > p.log_start_offset;

    -- Append time and leader epoch never go backwards.
    return query
    select p.partition, 'append time and leader epoch never go backwards', b.base_offset,
           format('appended at %s in epoch %s, the batch before at %s in epoch %s', b.appended_at, b.leader_epoch, b.previous_at, b.previous_epoch)
    from (select x.partition_id, x.base_offset, x.appended_at, x.leader_epoch,
                 lag(x.appended_at) over w as previous_at, lag(x.leader_epoch) over w as previous_epoch
          from ${internal}.batch x join ${internal}.partition y using (partition_id)
          where y.topic_id = v_topic_id window w as (partition by x.partition_id order by x.base_offset)) b
    join ${internal}.partition p using (partition_id)
    where b.appended_at < b.previous_at or b.leader_epoch < b.previous_epoch;

    -- A producer's batches follow each other without gap or repeat.
    return query
    select p.partition, 'a producer''s sequences follow each other', b.base_offset,
           format('producer %s, epoch %s, sequence %s; expected sequence %s', b.producer_id, b.producer_epoch, b.base_sequence, b.expected)
    from (select x.partition_id, x.base_offset, x.producer_id, x.producer_epoch, x.base_sequence,
                 (lag(x.base_sequence::bigint + x.record_count)
                     over (partition by x.partition_id, x.producer_id, x.producer_epoch order by x.base_offset)) % 2147483648 as expected
          from ${internal}.batch x join ${internal}.partition y using (partition_id)
          where y.topic_id = v_topic_id and x.producer_id is not null) b
    join ${internal}.partition p using (partition_id)
    where b.base_sequence <> b.expected;

    -- Segments follow each other and are attached.
    return query
    select p.partition, 'segments follow each other', s.base_offset, format('the segment before ends at %s', s.previous_bound)
    from (select x.partition_id, x.base_offset,
                 lag(x.upper_bound) over (partition by x.partition_id order by x.base_offset) as previous_bound
          from ${internal}.segment x join ${internal}.partition y using (partition_id) where y.topic_id = v_topic_id) s
    join ${internal}.partition p using (partition_id)
    where s.base_offset <> s.previous_bound;

    return query
    select p.partition, 'segments are attached', s.base_offset, format('leaf %s is not a partition of the topic''s table', s.leaf)
    from ${internal}.segment s join ${internal}.partition p using (partition_id)
    where p.topic_id = v_topic_id and not exists (
        select from pg_inherits h where h.inhrelid = s.leaf and h.inhparent = to_regclass(format('${internal}.topic_%s', v_topic_id)));

    -- In one snapshot with the log's end. A commit of an offset below the log's start is old, not wrong.
    return query
    select p.partition, 'no commit past the log end', c.committed_offset,
           format('group %s committed it at %s, the log ends at %s', quote_ident(g.name), c.committed_at, e.log_end)
    from ${internal}.partition p
    cross join lateral (
        select greatest(p.log_start_offset, coalesce(
            (select b.base_offset + b.record_count
             from ${internal}.batch b where b.partition_id = p.partition_id order by b.base_offset desc limit 1), 0)) as log_end) e
    join ${internal}.group_partition x on x.partition_id = p.partition_id
    join ${internal}.consumer_group g on g.group_id = x.group_id
    join ${internal}.offset_commit c on c.group_partition_id = x.group_partition_id
    where p.topic_id = v_topic_id and g.deleted_at is null and c.committed_offset > e.log_end;

    -- Records: each offset once, none missing, none without a batch, and each batch's records what its row says. Batch rows are laid among the
    -- records, so that one sort serves all of it.
    return query execute format(
        $query$
        with merged as (
            select r.partition, r.record_offset, r."timestamp", null::bigint as base_offset, null::bigint as batch_end,
                   null::timestamptz as min_timestamp, null::timestamptz as max_timestamp
            from %1$s r
            union all
            select p.partition, b.base_offset, null, b.base_offset, b.base_offset + b.record_count, b.min_timestamp, b.max_timestamp
            from ${internal}.partition p join ${internal}.batch b using (partition_id)
            where p.topic_id = %2$s
        ), ordered as (
            select m.*, m.base_offset is null as is_record,
                   max(m.base_offset) over earlier as batch_base,
                   max(m.record_offset) filter (where m.base_offset is null) over (earlier rows between unbounded preceding and 1 preceding) as previous
            from merged m
            window earlier as (partition by m.partition order by m.record_offset, m.base_offset nulls last)
        ), batches as (
            select o.partition, o.batch_base, max(o.batch_end) as batch_end, max(o.min_timestamp) as min_timestamp,
                   max(o.max_timestamp) as max_timestamp, count(*) filter (where o.is_record) as records,
                   min(o.record_offset) filter (where o.is_record) as first, max(o.record_offset) filter (where o.is_record) as last,
                   min(o."timestamp") as earliest, max(o."timestamp") as latest
            from ordered o
            group by o.partition, o.batch_base
        )
        select o.partition, 'offsets are dense', o.record_offset,
               case when o.record_offset = o.previous then 'the offset is there twice'
                    else format('the record before has offset %%s', o.previous) end
        from ordered o
        where o.is_record and o.record_offset <> o.previous + 1
        union all
        select b.partition, 'records are in batches', b.last, 'the record is in no batch'
        from batches b
        where b.records > 0 and (b.batch_base is null or b.last >= b.batch_end)
        union all
        select b.partition, 'a batch has its records', b.batch_base,
               format('%%s records in [%%s, %%s), %%s to %%s by time; the row says %%s records, %%s to %%s', b.records, b.batch_base, b.batch_end,
                      b.earliest, b.latest, b.batch_end - b.batch_base, b.min_timestamp, b.max_timestamp)
        from batches b
        join ${internal}.partition p on p.topic_id = %2$s and p.partition = b.partition
        where b.batch_base >= p.log_start_offset
          and (b.records <> b.batch_end - b.batch_base or (b.earliest, b.latest) is distinct from (b.min_timestamp, b.max_timestamp))
        $query$,
        format('${internal}.topic_%s', v_topic_id), v_topic_id);
end
$$;
comment on function ${schema}.verify(text) is 'A row for every broken promise in a topic; none when all is well.';
revoke execute on function ${schema}.verify(text) from public;
