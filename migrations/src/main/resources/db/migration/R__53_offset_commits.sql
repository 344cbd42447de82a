-- The history of commits, as far as it is kept: who had read what, when.
create or replace view ${schema}.offset_commits as
select g.name as group_id,
       t.topic,
       p.partition,
       c.committed_offset,
       c.generation_id,
       c.member_id,
       coalesce(c.kind, 'commit') as kind,
       c.leader_epoch,
       c.metadata,
       c.principal,
       c.committed_at,
       c.commit_sequence = (select n.commit_sequence from ${internal}.offset_commit n
                            where n.group_partition_id = c.group_partition_id order by n.commit_sequence desc limit 1) as is_current,
       c.commit_sequence
from ${schema}.topics t
join ${internal}.topic i on i.topic_uuid = t.topic_id
join ${internal}.partition p on p.topic_id = i.topic_id
join ${internal}.group_partition x on x.partition_id = p.partition_id
join ${internal}.consumer_group g on g.group_id = x.group_id
join ${internal}.offset_commit c on c.group_partition_id = x.group_partition_id
where g.deleted_at is null;

-- Who owned which partition from when until when; an owner of now has no end.
create or replace view ${schema}.partition_owners as
select g.name as group_id,
       t.topic,
       p.partition,
       o.member_id,
       o.generation_id,
       o.owned_from,
       o.owned_until
from ${schema}.topics t
join ${internal}.topic i on i.topic_uuid = t.topic_id
join ${internal}.partition p on p.topic_id = i.topic_id
join ${internal}.group_partition x on x.partition_id = p.partition_id
join ${internal}.consumer_group g on g.group_id = x.group_id
cross join lateral (
    select h.member_id, h.generation_id, h.owned_from, h.owned_until
    from ${internal}.past_ownership h where h.group_partition_id = x.group_partition_id
    union all
    select x.owner_member_id, x.owner_generation, x.owned_since, null
    where x.owner_member_id is not null) o
where g.deleted_at is null;

do
$$
begin
    if to_regrole('tidemark_reader') is not null then
        grant select on ${schema}.offset_commits, ${schema}.partition_owners to tidemark_reader;
    end if;
end
$$;
