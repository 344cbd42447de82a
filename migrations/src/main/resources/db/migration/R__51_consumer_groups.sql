-- A group's state, as it follows from members, targets and owners. Internal; for views, and for servers.
create or replace view ${internal}.group_state as
select g.group_id,
       g.name,
       g.generation_id,
       m.member_count,
       case when m.member_count = 0 then 'Empty'
            when exists (
                select from ${internal}.group_member o
                cross join unnest(o.target) t(partition_id)
                left join ${internal}.group_partition x on x.group_id = o.group_id and x.partition_id = t.partition_id
                where o.group_id = g.group_id and x.owner_member_id is distinct from o.member_id) then 'Reconciling'
            when exists (
                select from ${internal}.group_partition x
                join ${internal}.group_member o on o.group_id = x.group_id and o.member_id = x.owner_member_id
                where x.group_id = g.group_id and x.partition_id <> all (o.target)) then 'Reconciling'
            else 'Stable' end as state
from ${internal}.consumer_group g
cross join lateral (select count(*)::int as member_count from ${internal}.group_member n where n.group_id = g.group_id) m
where g.deleted_at is null;

-- Partitions that one owns who is no member any more, or has to let go of them; and the database sessions that hold them up.
create or replace view ${internal}.held_partition as
select x.group_id,
       x.partition_id,
       x.owner_member_id,
       l.pid,
       a.usename,
       a.application_name,
       a.xact_start
from ${internal}.group_partition x
left join ${internal}.group_member m on m.group_id = x.group_id and m.member_id = x.owner_member_id
left join (pg_locks l left join pg_stat_activity a on a.pid = l.pid)
    on l.locktype = 'advisory' and l.objsubid = 2 and l.mode = 'ShareLock' and l.granted
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.classid = '${internal}.group_partition'::regclass::oid and l.objid = x.group_partition_id::oid
where x.owner_member_id is not null and (m.member_id is null or x.partition_id <> all (m.target));

-- Members and what they own, a row a member; a group without members has one row. Who owns partitions and is no member any more has a row too.
create or replace view ${schema}.consumer_groups as
select s.name as group_id,
       s.state,
       s.generation_id,
       w.member_id,
       w.is_member,
       w.group_instance_id,
       w.client_id,
       w.principal,
       w.joined_at,
       w.session_timeout_ms,
       w.rebalance_timeout_ms,
       w.topics,
       w.pattern,
       w.assignor,
       coalesce(o.assigned, '{}') as assigned_partitions,
       coalesce(o.to_release, '{}') as partitions_to_release,
       h.held_up_by
from ${internal}.group_state s
left join lateral (
    select m.member_id, true as is_member, m.group_instance_id, m.client_id, m.principal, m.joined_at, m.session_timeout_ms, m.rebalance_timeout_ms,
           m.topics, m.pattern, m.assignor, m.target
    from ${internal}.group_member m where m.group_id = s.group_id
    union all
    select distinct x.owner_member_id, false, null::text, null::text, null::text, null::timestamptz, null::int, null::int, null::text[], null::text,
           null::text, '{}'::int[]
    from ${internal}.group_partition x
    where x.group_id = s.group_id and x.owner_member_id is not null
      and not exists (select from ${internal}.group_member n where n.group_id = x.group_id and n.member_id = x.owner_member_id)) w on true
left join lateral (
    select array_agg(t.topic || '-' || p.partition order by t.topic, p.partition) filter (where x.partition_id = any (w.target)) as assigned,
           array_agg(t.topic || '-' || p.partition order by t.topic, p.partition) filter (where x.partition_id <> all (w.target)) as to_release
    from ${internal}.group_partition x
    join ${internal}.partition p using (partition_id)
    join ${internal}.topic i using (topic_id)
    join ${schema}.topics t on t.topic_id = i.topic_uuid
    where x.group_id = s.group_id and x.owner_member_id = w.member_id) o on true
left join lateral (
    select json_agg(json_build_object('topic', t.topic, 'partition', p.partition, 'pid', d.pid, 'usename', d.usename,
                                      'application_name', d.application_name, 'xact_start', d.xact_start) order by t.topic, p.partition, d.pid) as held_up_by
    from ${internal}.held_partition d
    join ${internal}.partition p using (partition_id)
    join ${internal}.topic i using (topic_id)
    join ${schema}.topics t on t.topic_id = i.topic_uuid
    where d.group_id = s.group_id and d.owner_member_id = w.member_id and d.pid is not null) h on true
where not exists (select from ${internal}.group_partition x where x.group_id = s.group_id)
   or exists (select from ${internal}.group_partition x
              join ${internal}.partition p using (partition_id)
              join ${internal}.topic i using (topic_id)
              join ${schema}.topics t on t.topic_id = i.topic_uuid
              where x.group_id = s.group_id);

do
$$
begin
    if to_regrole('tidemark_reader') is not null then
        grant select on ${schema}.consumer_groups to tidemark_reader;
    end if;
end
$$;
