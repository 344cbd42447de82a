-- Makes the group and its rows of partitions that exist, where they are missing. Only what is missing is inserted: a row that waits for another
-- transaction's (an application may be making the same in one of its own), and numbers drawn in vain, are for the rare case.
--
-- A server tells in the setting tidemark.max_groups how many groups there may be; TM089 when there are as many.
create or replace function ${internal}.make_group_partitions(p_group text, p_topics text[], p_partitions int[], p_lock_timeout text default '2s')
    returns int
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set lock_timeout = '2s'
as
$$
#variable_conflict use_column
declare
    v_max_groups constant int := nullif(current_setting('tidemark.max_groups', true), '');
    v_groups     int;
    v_group_id   int;
begin
    perform set_config('lock_timeout', p_lock_timeout, true);
    loop
        select g.group_id into v_group_id from ${internal}.consumer_group g where g.name = p_group and g.deleted_at is null;
        exit when found;
        if v_max_groups > 0 then
            select count(*) into v_groups from (select from ${internal}.consumer_group g where g.deleted_at is null limit v_max_groups) few;
            if v_groups >= v_max_groups then
                raise exception 'there are % consumer groups, as many as there may be (max.groups); group "%" was not made', v_max_groups, p_group
                    using errcode = 'TM089';
            end if;
        end if;
        insert into ${internal}.consumer_group (name) values (p_group) on conflict (name) where deleted_at is null do nothing;
    end loop;
    insert into ${internal}.group_partition (group_id, partition_id)
    select v_group_id, missing.partition_id
    from (select distinct p.partition_id
          from unnest(p_topics, p_partitions) i(topic, partition)
          join ${internal}.topic t on t.name = i.topic and t.deleted_at is null
          join ${internal}.partition p on p.topic_id = t.topic_id and p.partition = i.partition
          where not exists (select from ${internal}.group_partition x where x.group_id = v_group_id and x.partition_id = p.partition_id)
          order by 1) missing
    on conflict (group_id, partition_id) do nothing;
    return v_group_id;
end
$$;

-- Commits offsets: the core of all ways to do so. Any number of requests in one call; each is committed as a whole or refused as a whole, and none harms
-- another. Raises nothing that a request's contents could bring about.
--
-- First the locks of (group, partition), shared, until the end of the database transaction; then, in a later statement, which at READ COMMITTED sees
-- what the locks' last holders committed, who owns what; then the rows, with sequences drawn under the locks. At REPEATABLE READ and SERIALIZABLE a
-- snapshot may be older than a change of owner: there the rows of group_partition are locked too, which fails (40001) when they have changed since.
--
-- A numbered commit changes nothing in those partitions in which one of the same member with a greater number counts: it is late, and was repeated, or
-- given up, and overtaken. So that one sees the other, a member's numbered commits are one after the other: the lock of the member (the oid of
-- group_member, member_no), exclusively, after those of the partitions. One lock a request, for the lock table has to hold them all.
--
-- Outcomes, one row a request, in their order:
--   committed
--   busy       a lock was not had, without p_waits: come back in some milliseconds
--   missing    of a commit without a member: there is no group yet, or it has no rows for the partitions; see make_group_partitions
--   TM…        refused; the SQLSTATE, and why. With TM001 the range of the log
create or replace function ${internal}.record_offset_commits(
    -- One element an offset. Which request it belongs to: from 1, each with one at least, in their order.
    p_requests          int[],
    p_groups            text[],
    -- Member and generation both null for a commit without a member.
    p_member_ids        text[],
    p_generations       int[],
    p_principals        text[],
    p_topics            text[],
    p_partitions        int[],
    p_committed_offsets bigint[],
    p_leader_epochs     int[],
    p_metadata          text[],
    -- Null where the client did not number the commit; only a member does.
    p_commit_numbers    bigint[],
    -- Null for commits by HTTP. With 'transaction' the member's principal is not asked for: that is a token's, and the caller a role.
    p_kind              text,
    -- Whether to wait for locks, for lock_timeout; a server does not, and commits durably.
    p_waits             boolean
) returns table (request int, outcome text, message text, log_start_offset bigint, log_end_offset bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    -- Planned once, and each row looked up by index, however few there were then, and however many dead ones an old snapshot keeps.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    set enable_sort = off
    -- Which a plan that must sort all the same would seem worth.
    set jit = off
as
$$
#variable_conflict use_column
declare
    c_lock_class    constant int := '${internal}.group_partition'::regclass::oid::int;
    c_member_class  constant int := '${internal}.group_member'::regclass::oid::int;
    c_max_metadata  constant int := 4096;
    c_max_name      constant int := 249;
    v_count         constant int := p_requests[cardinality(p_requests)];
    v_outcomes      text[] := array_fill(null::text, array[v_count]);
    v_messages      text[] := array_fill(null::text, array[v_count]);
    v_starts        bigint[] := array_fill(null::bigint, array[v_count]);
    v_ends          bigint[] := array_fill(null::bigint, array[v_count]);
    v_group_ids     int[];
    v_partition_ids int[];
    v_ids           int[];
    v_not_had       int[] := '{}';
    v_member_nos    int[];
    v_not_alone     int[] := '{}';
    v_id            int;
    r               record;
begin
    if not p_waits and current_setting('synchronous_commit') not in ('on', 'remote_apply') then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    -- What is wrong with a request by itself.
    for r in
        select i.request,
               min(i.group_name) as group_name,
               bool_or(i.group_name is null or i.group_name = '' or octet_length(i.group_name) > c_max_name or i.group_name ~ '[[:cntrl:]]') as is_bad_name,
               bool_or((i.member_id is null) <> (i.generation_id is null)) as is_half,
               bool_or(i.member_id is null and i.commit_number is not null) as is_nobodys,
               min(i.commit_number) filter (where i.commit_number < 0) as negative_number,
               bool_or(i.topic is null or i.partition is null or i.committed_offset is null) as has_null,
               min(i.committed_offset) filter (where i.committed_offset < 0) as negative,
               count(*) > count(distinct (i.topic, i.partition)) as has_twice,
               max(octet_length(i.metadata)) as metadata_bytes
        from unnest(p_requests, p_groups, p_member_ids, p_generations, p_topics, p_partitions, p_committed_offsets, p_metadata, p_commit_numbers)
            i(request, group_name, member_id, generation_id, topic, partition, committed_offset, metadata, commit_number)
        group by i.request
    loop
        if r.is_bad_name then
            v_outcomes[r.request] := 'TM024';
            v_messages[r.request] := format('the name of a group has 1 to %s bytes and no control characters', c_max_name);
        elsif r.is_half then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := 'member and generation are named both or not at all';
        elsif r.is_nobodys then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := 'a commit number is a member''s, and no member is named';
        elsif r.negative_number is not null then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := format('%s is not a commit number: they begin at 0', r.negative_number);
        elsif r.has_null then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := 'a topic, a partition or an offset is null';
        elsif r.negative is not null then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := format('%s is not an offset: they begin at 0', r.negative);
        elsif r.has_twice then
            v_outcomes[r.request] := 'TM042';
            v_messages[r.request] := 'a partition is named twice';
        elsif r.metadata_bytes > c_max_metadata then
            v_outcomes[r.request] := 'TM012';
            v_messages[r.request] := format('the metadata has %s bytes, at most %s are kept', r.metadata_bytes, c_max_metadata);
        end if;
    end loop;

    -- Whose locks: of the partitions as the groups have them now. What changes before the locks are had is found below.
    select array_agg(g.group_id order by i.n), array_agg(p.partition_id order by i.n), array_agg(x.group_partition_id order by i.n)
    into v_group_ids, v_partition_ids, v_ids
    from unnest(p_requests, p_groups, p_topics, p_partitions) with ordinality i(request, group_name, topic, partition, n)
    left join ${internal}.consumer_group g on g.name = i.group_name and g.deleted_at is null and v_outcomes[i.request] is null
    left join ${internal}.topic t on t.name = i.topic and t.deleted_at is null
    left join ${internal}.partition p on p.topic_id = t.topic_id and p.partition = i.partition
    left join ${internal}.group_partition x on x.group_id = g.group_id and x.partition_id = p.partition_id;
    for v_id in select distinct i.id from unnest(v_ids) i(id) where i.id is not null order by 1 loop
        if p_waits then
            perform pg_advisory_xact_lock_shared(c_lock_class, v_id);
        elsif not pg_try_advisory_xact_lock_shared(c_lock_class, v_id) then
            v_not_had := v_not_had || v_id;
        end if;
    end loop;
    select array_agg(m.member_no order by i.n) into v_member_nos
    from unnest(v_group_ids, p_member_ids, p_commit_numbers) with ordinality i(group_id, member_id, commit_number, n)
    -- As the first from there on, as below.
    left join lateral (
        select c.member_no
        from (select o.group_id, o.member_id, o.member_no
              from ${internal}.group_member o
              where i.commit_number is not null and (o.group_id, o.member_id) >= (i.group_id, i.member_id)
              order by o.group_id, o.member_id limit 1) c
        where c.group_id = i.group_id and c.member_id = i.member_id) m on true;
    for v_id in select distinct i.id from unnest(v_member_nos) i(id) where i.id is not null order by 1 loop
        if p_waits then
            perform pg_advisory_xact_lock(c_member_class, v_id);
        elsif not pg_try_advisory_xact_lock(c_member_class, v_id) then
            v_not_alone := v_not_alone || v_id;
        end if;
    end loop;
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform from ${internal}.group_partition x where x.group_partition_id = any (v_ids) order by x.group_partition_id for share;
    end if;

    -- Who may: as it is with the locks held. Of a request's faults the first in this order is its answer.
    for r in
        select distinct on (i.request) i.request, i.group_name, i.member_id, i.generation_id, i.topic, i.partition, i.committed_offset,
               g.generation_id as group_generation, p.log_start_offset, e.log_end_offset, x.owner_member_id, x.owner_generation,
               past.reason, to_char(past.left_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as left_at, f.fault
        from unnest(p_requests, p_groups, p_member_ids, p_generations, p_principals, p_topics, p_partitions, p_committed_offsets, v_group_ids,
                    v_partition_ids, v_ids, v_member_nos) with ordinality
            i(request, group_name, member_id, generation_id, principal, topic, partition, committed_offset, group_id, partition_id,
              group_partition_id, member_no, n)
        left join ${internal}.consumer_group g on g.group_id = i.group_id and g.deleted_at is null
        -- As the first from there on, in order: another index has the group's members too, all of them.
        left join lateral (
            select c.member_id, c.principal
            from (select o.group_id, o.member_id, o.principal
                  from ${internal}.group_member o where (o.group_id, o.member_id) >= (g.group_id, i.member_id)
                  order by o.group_id, o.member_id limit 1) c
            where c.group_id = g.group_id and c.member_id = i.member_id) m on true
        left join lateral (
            select l.reason, l.left_at from ${internal}.past_member l
            where m.member_id is null and l.group_id = g.group_id and l.member_id = i.member_id
            order by l.past_member_id desc limit 1) past on true
        left join ${internal}.partition p on p.partition_id = i.partition_id
        left join ${internal}.topic t on t.topic_id = p.topic_id and t.deleted_at is null
        left join ${internal}.group_partition x on x.group_partition_id = i.group_partition_id
        cross join lateral (
            select greatest(p.log_start_offset, coalesce(
                (select b.base_offset + b.record_count
                 from ${internal}.batch b where b.partition_id = i.partition_id order by b.base_offset desc limit 1), 0)) as log_end_offset) e
        cross join lateral (
            select case when i.member_id is not null and g.group_id is null then 'TM069'
                        when i.member_id is not null and m.member_id is null and past.reason = 'replaced' then 'TM082'
                        when i.member_id is not null and m.member_id is null then 'TM025'
                        when i.member_id is null and exists (select from ${internal}.group_member o where o.group_id = g.group_id) then 'TM025'
                        when p_kind is distinct from 'transaction' and m.principal <> i.principal then 'TM030'
                        when t.topic_id is null then 'TM003'
                        when i.group_partition_id = any (v_not_had) or i.member_no = any (v_not_alone) then 'busy'
                        when i.member_id is not null and (x.owner_member_id is distinct from i.member_id
                            or i.generation_id not between x.owner_generation and g.generation_id) then 'TM022'
                        when i.committed_offset > e.log_end_offset then 'TM001'
                        when x.group_partition_id is null then 'missing' end as fault) f
        where v_outcomes[i.request] is null and f.fault is not null
        order by i.request, array_position(array['TM069', 'TM082', 'TM025', 'TM030', 'TM003', 'busy', 'TM022', 'TM001', 'missing'], f.fault), i.n
    loop
        v_outcomes[r.request] := r.fault;
        if r.fault = 'TM001' then
            v_starts[r.request] := r.log_start_offset;
            v_ends[r.request] := r.log_end_offset;
        end if;
        v_messages[r.request] := case r.fault
            when 'TM069' then format('there is no group "%s"', r.group_name)
            when 'TM082' then format('member "%s" of group "%s" was replaced at %s by another with its group instance id',
                                     r.member_id, r.group_name, r.left_at)
            when 'TM025' then
                case when r.member_id is null
                         then format('group "%s" has members: a commit must name its member and generation', r.group_name)
                     when r.reason is null then format('group "%s" has no member "%s"', r.group_name, r.member_id)
                     when r.reason = 'left' then format('member "%s" left group "%s" at %s', r.member_id, r.group_name, r.left_at)
                     else format('member "%s" was expelled from group "%s" at %s: %s', r.member_id, r.group_name, r.left_at, r.reason) end
            when 'TM030' then format('member "%s" of group "%s" belongs to another principal', r.member_id, r.group_name)
            when 'TM003' then format('there is no partition %s of topic "%s"', r.partition, r.topic)
            when 'TM022' then
                case when r.generation_id > r.group_generation
                         then format('generation %s is above the current one of group "%s", %s', r.generation_id, r.group_name, r.group_generation)
                     when r.owner_member_id is null
                         then format('partition %s of topic "%s" has no owner in group "%s"; member "%s" must not commit it',
                                     r.partition, r.topic, r.group_name, r.member_id)
                     when r.owner_member_id <> r.member_id
                         then format('partition %s of topic "%s" is owned by member "%s" of group "%s", not by "%s"',
                                     r.partition, r.topic, r.owner_member_id, r.group_name, r.member_id)
                     else format('member "%s" owns partition %s of topic "%s" since generation %s, which is after %s',
                                 r.member_id, r.partition, r.topic, r.owner_generation, r.generation_id) end
            when 'TM001' then format('offset %s is above the log end offset %s of partition %s of topic "%s"',
                                     r.committed_offset, r.log_end_offset, r.partition, r.topic)
            end;
    end loop;

    insert into ${internal}.offset_commit (
        commit_sequence, committed_at, committed_offset, group_partition_id, generation_id, leader_epoch, kind, member_id, metadata, principal,
        commit_number)
    select nextval('${internal}.offset_commit_sequence'), clock_timestamp(), c.committed_offset, c.group_partition_id, c.generation_id,
           c.leader_epoch, p_kind, c.member_id, c.metadata, c.principal, c.commit_number
    from (select i.committed_offset, i.group_partition_id, i.generation_id, i.leader_epoch, i.member_id, i.metadata, i.principal, i.commit_number
          from unnest(p_requests, p_committed_offsets, v_ids, p_generations, p_leader_epochs, p_member_ids, p_metadata, p_principals,
                      p_commit_numbers) with ordinality
              i(request, committed_offset, group_partition_id, generation_id, leader_epoch, member_id, metadata, principal, commit_number, n)
          where v_outcomes[i.request] is null
            -- One that a later commit of the same member has overtaken is done with.
            and (i.commit_number is null or not coalesce(
                (select o.member_id = i.member_id and o.commit_number > i.commit_number
                 from ${internal}.offset_commit o where o.group_partition_id = i.group_partition_id order by o.commit_sequence desc limit 1), false))
          -- The later one's offset is to count: by number, and else the later request's.
          order by i.commit_number nulls first, i.n) c;
    return query
    select i.n::int, coalesce(i.outcome, 'committed'), i.message, i.log_start_offset, i.log_end_offset
    from unnest(v_outcomes, v_messages, v_starts, v_ends) with ordinality i(outcome, message, log_start_offset, log_end_offset, n)
    order by i.n;
end
$$;

-- At REPEATABLE READ and SERIALIZABLE: fails with 40001 when what a commit was refused for may be there by now, and is only not to be seen yet. An insert
-- finds it, and is taken back.
create or replace function ${internal}.refuse_old_snapshot(p_group text, p_topics text[], p_partitions int[]) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
declare
    r record;
begin
    begin
        perform ${internal}.make_group_partitions(p_group, p_topics, p_partitions);
        for r in
            select i.topic, i.partition, t.topic_id
            from unnest(p_topics, p_partitions) i(topic, partition)
            left join ${internal}.topic t on t.name = i.topic and t.deleted_at is null
            left join ${internal}.partition p on p.topic_id = t.topic_id and p.partition = i.partition
            where i.topic is not null and i.partition >= 0 and p.partition_id is null
        loop
            if r.topic_id is null then
                insert into ${internal}.topic (name, relation_name, partition_count, key_type, value_type)
                values (r.topic, gen_random_uuid()::text, 1, 'bytes', 'bytes') on conflict do nothing;
            else
                insert into ${internal}.partition (topic_id, partition) values (r.topic_id, r.partition) on conflict do nothing;
            end if;
        end loop;
        raise exception 'taken back' using errcode = 'TM000';
    exception
        when sqlstate 'TM000' then
            null;
    end;
end
$$;

-- Commits the offsets of one request in the caller's database transaction, or raises why not: with TM and the error's code, or with 40001 where only a
-- newer snapshot can tell. With kind 'atomic', for records that are appended in the same transaction; those may be numbered.
create or replace function ${internal}.commit_group_offsets(
    p_group text, p_member_id text, p_generation int, p_topics text[], p_partitions int[], p_committed_offsets bigint[], p_leader_epochs int[],
    p_metadata text[], p_principal text, p_kind text, p_commit_number bigint
) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_count constant int := cardinality(p_topics);
    r       record;
begin
    if v_count is null or v_count = 0 then
        raise exception 'no offset to commit' using errcode = 'TM042';
    elsif cardinality(p_partitions) is distinct from v_count or cardinality(p_committed_offsets) is distinct from v_count
            or cardinality(p_leader_epochs) <> v_count or cardinality(p_metadata) <> v_count then
        raise exception 'partitions, offsets and what comes with them are not of one number' using errcode = 'TM042';
    end if;
    if p_kind = 'atomic' then
        -- A server that stands still with the locks in its hands loses its session, and the locks with it.
        perform set_config('idle_in_transaction_session_timeout', '5s', true);
    end if;
    for i in 1..2 loop
        select c.outcome, c.message, c.log_start_offset, c.log_end_offset into r
        from ${internal}.record_offset_commits(
            array_fill(1, array[v_count]), array_fill(p_group, array[v_count]), array_fill(p_member_id, array[v_count]),
            array_fill(p_generation, array[v_count]), array_fill(p_principal, array[v_count]), p_topics, p_partitions, p_committed_offsets,
            coalesce(p_leader_epochs, array_fill(null::int, array[v_count])), coalesce(p_metadata, array_fill(null::text, array[v_count])),
            array_fill(p_commit_number, array[v_count]), p_kind, true) c;
        exit when r.outcome <> 'missing';
        -- With records, whose partitions' locks are had already, not longer than others may wait for those.
        perform ${internal}.make_group_partitions(p_group, p_topics, p_partitions, case p_kind when 'atomic' then '50ms' else '2s' end);
    end loop;
    if r.outcome = 'committed' then
        return;
    end if;
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        if r.outcome in ('TM069', 'TM003', 'TM022') then
            perform ${internal}.refuse_old_snapshot(p_group, p_topics, p_partitions);
        elsif r.outcome = 'TM001' then
            raise exception '%', r.message
                using errcode = 'serialization_failure', detail = 'The log may have grown since this transaction''s snapshot was taken.';
        end if;
    end if;
    if r.outcome not like 'TM%' then
        raise exception 'the group "%" was deleted meanwhile', p_group using errcode = 'serialization_failure';
    end if;
    if r.outcome = 'TM001' then
        raise exception '%', r.message
            using errcode = 'TM001', detail = format('log_start_offset %s, log_end_offset %s', r.log_start_offset, r.log_end_offset);
    end if;
    raise exception '%', r.message using errcode = r.outcome;
end
$$;

create or replace function ${internal}.commit_group_offsets(
    p_group text, p_member_id text, p_generation int, p_topics text[], p_partitions int[], p_committed_offsets bigint[], p_leader_epochs int[],
    p_metadata text[], p_principal text, p_commit_number bigint
) returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
    select ${internal}.commit_group_offsets(
        p_group, p_member_id, p_generation, p_topics, p_partitions, p_committed_offsets, p_leader_epochs, p_metadata, p_principal, 'atomic',
        p_commit_number)
$$;
