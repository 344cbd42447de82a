-- The catalogue as auditors see it, from tables alone: a function of ours would be called, and refused, as the reader. Each view shows what its reader may read: a topic is there when its relation may be selected from.
-- Relations are looked up as they are now, rows as the reader's snapshot has them: a topic deleted since is not there either, and in nobody's way.
create or replace view ${schema}.topics as
select t.name as topic,
       t.topic_uuid as topic_id,
       format('%I.%I', '${topic_schema}', t.relation_name) as relation,
       t.partition_count,
       t.key_type,
       t.value_type,
       t.configs,
       t.created_at
from ${internal}.topic t
where t.deleted_at is null
  and has_table_privilege(session_user, to_regclass(format('%I.%I', '${topic_schema}', t.relation_name)), 'select');

create or replace view ${schema}.segments as
select t.topic,
       p.partition,
       s.base_offset as first_offset,
       least(s.upper_bound, e.log_end_offset) - 1 as last_offset,
       s.upper_bound - 1 as last_possible_offset,
       least(s.upper_bound, e.log_end_offset) - s.base_offset as records,
       coalesce(s.bytes, b.bytes, 0) as bytes,
       coalesce(s.min_timestamp, b.min_timestamp) as first_timestamp,
       coalesce(s.max_timestamp, b.max_timestamp) as last_timestamp,
       case when s.sealed_at is not null then 'sealed'
            when e.log_end_offset > s.base_offset then 'active'
            else 'ahead' end as state,
       s.created_at,
       s.sealed_at,
       s.leaf::text as leaf
from ${schema}.topics t
join ${internal}.topic i on i.topic_uuid = t.topic_id
join ${internal}.partition p on p.topic_id = i.topic_id
join ${internal}.segment s on s.partition_id = p.partition_id
cross join lateral (select greatest(coalesce(
    (select n.base_offset + n.record_count from ${internal}.batch n where n.partition_id = p.partition_id order by n.base_offset desc limit 1), 0), s.base_offset) as log_end_offset) e
left join lateral (
    select sum(b.bytes)::bigint as bytes, min(b.min_timestamp) as min_timestamp, max(b.max_timestamp) as max_timestamp
    from ${internal}.batch b
    where s.sealed_at is null and b.partition_id = s.partition_id and b.base_offset >= s.base_offset and b.base_offset < s.upper_bound) b on true;

create or replace view ${schema}.partitions as
select t.topic,
       p.partition,
       p.log_start_offset,
       e.log_end_offset,
       e.log_end_offset - p.log_start_offset as records,
       coalesce(s.bytes, 0) as bytes,
       coalesce(s.segments, 0) as segments
from ${schema}.topics t
join ${internal}.topic i on i.topic_uuid = t.topic_id
join ${internal}.partition p on p.topic_id = i.topic_id
cross join lateral (select greatest(coalesce(
    (select n.base_offset + n.record_count from ${internal}.batch n where n.partition_id = p.partition_id order by n.base_offset desc limit 1), 0), p.log_start_offset) as log_end_offset) e
left join lateral (
    select count(*)::int as segments, sum(g.bytes)::bigint as bytes
    from ${schema}.segments g where g.topic = t.topic and g.partition = p.partition) s on true;
