-- The offsets that count, of the partitions there are; with p_topic only that one's. None for a group that does not exist.
create or replace function ${internal}.committed_offsets(p_group text, p_topic text)
    returns table (topic text, partition int, committed_offset bigint, leader_epoch int, metadata text, committed_at timestamptz)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    -- From the high end of the index, however few rows there were when this was planned.
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_sort = off
    -- Which a plan that must sort all the same would seem worth.
    set jit = off
as
$$
    select t.name, p.partition, c.committed_offset, c.leader_epoch, c.metadata, c.committed_at
    from ${internal}.consumer_group g
    join ${internal}.group_partition x using (group_id)
    join ${internal}.partition p using (partition_id)
    join ${internal}.topic t using (topic_id)
    cross join lateral (
        select o.committed_offset, o.leader_epoch, o.metadata, o.committed_at
        from ${internal}.offset_commit o where o.group_partition_id = x.group_partition_id order by o.commit_sequence desc limit 1) c
    where g.name = p_group and g.deleted_at is null and t.deleted_at is null and (p_topic is null or t.name = p_topic)
    order by t.name, p.partition
$$;

-- For whoever changes a group that has no members: takes the group's lock, and those of all its partitions exclusively. Raises TM069, TM068, and 55P03
-- when a lock is not to be had: the group's within lock_timeout, those of the partitions at once, since an application's own transaction may hold one for
-- as long as it likes. Partitions that one who is no member any more still owned are free then.
--
-- A transaction that commits the group's first offset of a partition holds the lock of a row that nobody else sees yet. But while it is open its foreign key
-- keeps the group's row (FOR KEY SHARE), so that it is found by taking that row FOR UPDATE; and from then on nobody can begin such a commit.
create or replace function ${internal}.lock_empty_group(p_group text) returns int
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
    set enable_seqscan = off
as
$$
#variable_conflict use_column
declare
    c_lock_class constant int := '${internal}.group_partition'::regclass::oid::int;
    v_group_id   int;
    r            record;
begin
    -- They are held until COMMIT: a server that stands still before it loses its session, and they with it.
    perform set_config('idle_in_transaction_session_timeout', '2s', true);
    select g.group_id into v_group_id from ${internal}.consumer_group g where g.name = p_group and g.deleted_at is null;
    if found then
        perform pg_advisory_xact_lock('${internal}.consumer_group'::regclass::oid::int, v_group_id);
        perform from ${internal}.consumer_group g where g.group_id = v_group_id and g.deleted_at is null;
    end if;
    if not found then
        raise exception 'there is no group "%"', p_group using errcode = 'TM069';
    end if;
    if exists (select from ${internal}.group_member m where m.group_id = v_group_id) then
        raise exception 'group "%" has members: %', p_group,
            (select string_agg(m.member_id, ', ') from (select member_id from ${internal}.group_member
                                                        where group_id = v_group_id order by member_no limit 3) m)
            using errcode = 'TM068';
    end if;
    perform from ${internal}.consumer_group g where g.group_id = v_group_id for update skip locked;
    if not found then
        raise exception 'offsets of group "%" are being committed, the first ones of a partition, in a database transaction that has not ended yet', p_group
            using errcode = 'lock_not_available';
    end if;
    for r in
        select x.group_partition_id, x.partition_id from ${internal}.group_partition x where x.group_id = v_group_id order by x.group_partition_id
    loop
        if not pg_try_advisory_xact_lock(c_lock_class, r.group_partition_id) then
            raise exception 'offsets of group "%" are being committed, in a database transaction that has not ended yet (partition % of topic "%")', p_group,
                (select p.partition from ${internal}.partition p where p.partition_id = r.partition_id),
                (select t.name from ${internal}.partition p join ${internal}.topic t using (topic_id) where p.partition_id = r.partition_id)
                using errcode = 'lock_not_available';
        end if;
    end loop;
    insert into ${internal}.past_ownership (group_partition_id, member_id, generation_id, owned_from, owned_until)
    select x.group_partition_id, x.owner_member_id, x.owner_generation, x.owned_since, greatest(clock_timestamp(), x.owned_since)
    from ${internal}.group_partition x
    where x.group_id = v_group_id and x.owner_member_id is not null;
    update ${internal}.group_partition x
    set owner_member_id = null, owner_generation = null, owned_since = null, released_at = clock_timestamp()
    where x.group_id = v_group_id and x.owner_member_id is not null;
    return v_group_id;
end
$$;

-- Sets the offsets of a group without members, stopped at the ends of the log. One element a partition in each array; p_to tells what the values are:
--   earliest, latest   nothing; the log's start and end
--   offset             offsets
--   shift              records forward, or back, from the committed offset, which there has to be: else TM042
-- Raises as lock_empty_group does, and TM003 for a partition that does not exist. The group, and its rows, are made where there are none. Nothing is with
-- p_dry_run, which needs the locks all the same: it says what can be done.
create or replace function ${internal}.reset_group_offsets(
    p_group text, p_topics text[], p_partitions int[], p_to text, p_values bigint[], p_dry_run boolean, p_principal text
) returns table (topic text, partition int, previous_offset bigint, committed_offset bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as
$$
#variable_conflict use_column
declare
    v_group_id int;
    r          record;
begin
    select i.topic, i.partition into r
    from unnest(p_topics, p_partitions) i(topic, partition)
    where not exists (select from ${internal}.topic t join ${internal}.partition p using (topic_id)
                      where t.name = i.topic and t.deleted_at is null and p.partition = i.partition)
    limit 1;
    if found then
        raise exception 'there is no partition % of topic "%"', r.partition, r.topic using errcode = 'TM003';
    end if;
    if not p_dry_run then
        perform ${internal}.make_group_partitions(p_group, p_topics, p_partitions);
    end if;
    if not p_dry_run or exists (select from ${internal}.consumer_group g where g.name = p_group and g.deleted_at is null) then
        v_group_id := ${internal}.lock_empty_group(p_group);
    end if;
    for r in
        select i.topic, i.partition, x.group_partition_id, c.committed_offset as previous,
               least(greatest(case p_to when 'earliest' then p.log_start_offset
                                        when 'latest' then e.log_end_offset
                                        when 'offset' then i.value
                                        -- In numeric: a shift may be as far as it likes.
                                        when 'shift' then least(greatest(c.committed_offset::numeric + i.value, 0), e.log_end_offset)::bigint end,
                              p.log_start_offset), e.log_end_offset) as target
        from unnest(p_topics, p_partitions, p_values) with ordinality i(topic, partition, value, n)
        join ${internal}.topic t on t.name = i.topic and t.deleted_at is null
        join ${internal}.partition p on p.topic_id = t.topic_id and p.partition = i.partition
        left join ${internal}.group_partition x on x.group_id = v_group_id and x.partition_id = p.partition_id
        left join lateral (
            select o.committed_offset from ${internal}.offset_commit o
            where o.group_partition_id = x.group_partition_id order by o.commit_sequence desc limit 1) c on true
        cross join lateral (
            select greatest(p.log_start_offset, coalesce(
                (select b.base_offset + b.record_count
                 from ${internal}.batch b where b.partition_id = p.partition_id order by b.base_offset desc limit 1), 0)) as log_end_offset) e
        order by i.n
    loop
        if p_to = 'shift' and r.previous is null then
            raise exception 'group "%" has no committed offset to shift in partition % of topic "%"', p_group, r.partition, r.topic
                using errcode = 'TM042';
        end if;
        if not p_dry_run then
            insert into ${internal}.offset_commit (commit_sequence, committed_at, committed_offset, group_partition_id, kind, principal)
            values (nextval('${internal}.offset_commit_sequence'), clock_timestamp(), r.target, r.group_partition_id, 'reset', p_principal);
        end if;
        topic := r.topic;
        partition := r.partition;
        previous_offset := r.previous;
        committed_offset := r.target;
        return next;
    end loop;
end
$$;

-- Takes a group without members out of sight, with its offsets; its rows are deleted afterwards, by purge_groups. Raises as lock_empty_group does.
create or replace function ${internal}.delete_group(p_group text) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
as
$$
declare
    v_group_id constant int := ${internal}.lock_empty_group(p_group);
begin
    -- A changed row is what a commit at REPEATABLE READ looks for, whose snapshot may show the group as it was.
    update ${internal}.group_partition set released_at = clock_timestamp() where group_id = v_group_id;
    update ${internal}.consumer_group set deleted_at = now(), state_version = state_version + 1 where group_id = v_group_id;
end
$$;

-- Whether a group has members, or an offset committed since then.
create or replace function ${internal}.is_group_used(p_group_id int, p_since timestamptz) returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
    select exists (select from ${internal}.group_member m where m.group_id = p_group_id)
        or exists (select from ${internal}.group_partition x
                   cross join lateral (
                       select c.committed_at from ${internal}.offset_commit c
                       where c.group_partition_id = x.group_partition_id order by c.commit_sequence desc limit 1) newest
                   where x.group_id = p_group_id and newest.committed_at >= p_since)
$$;
