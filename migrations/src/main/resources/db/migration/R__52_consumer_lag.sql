-- How far each group is in each of its partitions, and how far behind. Internal: of all topics; for views, and for servers.
create or replace view ${internal}.group_lag as
select g.group_id,
       g.name,
       t.topic_id,
       t.topic_uuid,
       t.name as topic,
       p.partition_id,
       p.partition,
       x.owner_member_id,
       c.committed_offset,
       c.leader_epoch,
       c.metadata,
       c.committed_at,
       p.log_start_offset,
       e.log_end_offset,
       e.log_end_offset - c.committed_offset as lag,
       case when c.committed_offset is null then null
            when c.committed_offset >= e.log_end_offset then interval '0'
            -- Of the first record not committed that is still there.
            else greatest(clock_timestamp() - (
                select b.appended_at from ${internal}.batch b
                where b.partition_id = p.partition_id and b.base_offset <= greatest(c.committed_offset, p.log_start_offset)
                order by b.base_offset desc limit 1), interval '0') end as time_lag
from ${internal}.consumer_group g
join ${internal}.group_partition x using (group_id)
join ${internal}.partition p using (partition_id)
join ${internal}.topic t using (topic_id)
left join lateral (
    select o.committed_offset, o.leader_epoch, o.metadata, o.committed_at
    from ${internal}.offset_commit o where o.group_partition_id = x.group_partition_id order by o.commit_sequence desc limit 1) c on true
cross join lateral (
    select greatest(p.log_start_offset, coalesce(
        (select b.base_offset + b.record_count
         from ${internal}.batch b where b.partition_id = p.partition_id order by b.base_offset desc limit 1), 0)) as log_end_offset) e
where g.deleted_at is null and t.deleted_at is null;

-- The same of one group, or, with null, of all: those furthest behind first, p_limit at the most. For servers; planned for the high ends of indexes.
create or replace function ${internal}.group_lags(p_group text, p_limit int)
    returns table (group_name text, topic text, partition int, owner_member_id text, committed_offset bigint, metadata text, committed_at timestamptz,
                   log_start_offset bigint, log_end_offset bigint, lag bigint, lag_ms bigint)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
    select l.name, l.topic, l.partition, l.owner_member_id, l.committed_offset, l.metadata, l.committed_at, l.log_start_offset, l.log_end_offset, l.lag,
           (extract(epoch from l.time_lag) * 1000)::bigint
    from ${internal}.group_lag l
    where p_group is null or l.name = p_group
    order by l.lag desc nulls last, l.name, l.topic, l.partition
    limit p_limit
$$;

create or replace view ${schema}.consumer_lag as
select l.name as group_id,
       l.topic,
       l.partition,
       l.committed_offset,
       l.log_end_offset,
       l.lag,
       l.time_lag,
       l.owner_member_id as member_id,
       l.committed_at,
       l.metadata,
       l.leader_epoch,
       l.log_start_offset
from ${internal}.group_lag l
join ${schema}.topics t on t.topic_id = l.topic_uuid;

do
$$
begin
    if to_regrole('tidemark_reader') is not null then
        grant select on ${schema}.consumer_lag to tidemark_reader;
    end if;
end
$$;
