-- Who appended what, and when: a row for each batch of the topics that the reader may read, from the log start offset on.
create or replace view ${schema}.batches as
select t.topic,
       p.partition,
       b.base_offset,
       b.base_offset + b.record_count - 1 as last_offset,
       b.record_count,
       b.bytes,
       b.min_timestamp as first_timestamp,
       b.max_timestamp as last_timestamp,
       b.appended_at,
       b.principal,
       b.producer_id,
       b.producer_epoch,
       b.base_sequence,
       b.leader_epoch
from ${schema}.topics t
join ${internal}.topic i on i.topic_uuid = t.topic_id
join ${internal}.partition p on p.topic_id = i.topic_id
join ${internal}.batch b on b.partition_id = p.partition_id
where b.base_offset + b.record_count > p.log_start_offset;

do
$$
begin
    if to_regrole('tidemark_reader') is not null then
        grant select on ${schema}.batches to tidemark_reader;
    end if;
end
$$;
