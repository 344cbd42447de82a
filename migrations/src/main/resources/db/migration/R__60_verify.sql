-- A row for every broken promise in a topic, seen in one snapshot (STABLE: every query in here sees what the caller's query sees). Reads the whole
-- topic, sorts its offsets, and blocks nobody.
create or replace function ${schema}.verify(topic text)
    returns table (partition int, promise text, record_offset bigint, detail text)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
declare
    v_topic_id int;
    v_relation name;
begin
    select t.topic_id, t.relation_name into v_topic_id, v_relation
    from ${internal}.topic t where t.name = verify.topic and t.deleted_at is null;
    if not found then
        raise exception 'there is no topic %', coalesce(quote_literal(verify.topic), 'null') using errcode = 'TM003';
    end if;
    if not has_table_privilege(session_user, format('%I.%I', '${topic_schema}', v_relation)::regclass, 'select') then
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

    -- Append time and leader epoch never go backwards; timestamps are in order within their batch row.
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

    -- Records: each offset once, none missing, none at or past the log end, and each batch's timestamps what its row says.
    return query execute format(
        $query$
        select r.partition, 'offsets are dense', r.record_offset,
               case when r.record_offset = r.previous then 'the offset is there twice'
                    else format('the record before has offset %%s', r.previous) end
        from (select partition, record_offset, lag(record_offset) over (partition by partition order by record_offset) as previous
              from %1$s) r
        where r.record_offset <> r.previous + 1
        union all
        select p.partition, 'records are in batches', e.log_end, format('%%s records, first %%s, last %%s; log start %%s, log end %%s',
               coalesce(r.records, 0), r.first, r.last, p.log_start_offset, e.log_end)
        from ${internal}.partition p
        cross join lateral (select ${internal}.log_end(p.partition_id) as log_end) e
        left join (select partition, count(*) as records, min(record_offset) as first, max(record_offset) as last
                   from %1$s group by partition) r on r.partition = p.partition
        where p.topic_id = %2$s
          and (r.last >= e.log_end
               or e.log_end > p.log_start_offset and (r.records is null or r.last <> e.log_end - 1 or r.first > p.log_start_offset))
        union all
        select t.partition, 'a batch row says its records'' times', t.base_offset, format('%%s to %%s, the row says %%s to %%s',
               t.earliest, t.latest, t.min_timestamp, t.max_timestamp)
        from (select p.partition, b.base_offset, b.min_timestamp, b.max_timestamp, p.log_start_offset,
                     min(r."timestamp") as earliest, max(r."timestamp") as latest
              from ${internal}.partition p
              join %1$s r on r.partition = p.partition
              join lateral (select x.base_offset, x.min_timestamp, x.max_timestamp from ${internal}.batch x
                            where x.partition_id = p.partition_id and x.base_offset <= r.record_offset
                            order by x.base_offset desc limit 1) b on true
              where p.topic_id = %2$s
              group by p.partition, b.base_offset, b.min_timestamp, b.max_timestamp, p.log_start_offset) t
        where t.base_offset >= t.log_start_offset
          and (t.earliest, t.latest) is distinct from (date_trunc('milliseconds', t.min_timestamp), date_trunc('milliseconds', t.max_timestamp))
        $query$,
        format('${internal}.topic_%s', v_topic_id), v_topic_id);
end
$$;
comment on function ${schema}.verify(text) is 'A row for every broken promise in a topic; none when all is well.';
revoke execute on function ${schema}.verify(text) from public;
