-- Deletes groups that have had no members, and no commits, for so long; at most so many, and those that are in use are left for another time, as many as
-- a hundred stepped over to come to one that is not. Returns their names.
create or replace function ${internal}.expire_groups(p_retention_ms bigint, p_limit int) returns setof text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
as
$$
#variable_conflict use_column
declare
    c_in_use  constant int := 100;
    v_since   constant timestamptz := clock_timestamp() - p_retention_ms * interval '1 ms';
    v_deleted int := 0;
    v_group   record;
begin
    for v_group in
        select g.group_id, g.name
        from ${internal}.consumer_group g
        where g.deleted_at is null and g.emptied_at < v_since and not ${internal}.is_group_used(g.group_id, v_since)
        order by g.group_id
        limit p_limit + c_in_use
    loop
        exit when v_deleted = p_limit;
        begin
            if pg_try_advisory_xact_lock('${internal}.consumer_group'::regclass::oid::int, v_group.group_id) then
                perform ${internal}.lock_empty_group(v_group.name);
                -- Again, now that nobody can commit.
                if not ${internal}.is_group_used(v_group.group_id, v_since) then
                    perform ${internal}.delete_group(v_group.name);
                    v_deleted := v_deleted + 1;
                    return next v_group.name;
                end if;
            end if;
        exception
            when lock_not_available or sqlstate 'TM068' or sqlstate 'TM069' then
                null; -- somebody uses it, or has deleted it
        end;
    end loop;
end
$$;

-- Deletes some of what deleted groups, and partitions that are gone, have left behind: at most so many rows of a table. Returns how many; 0 when nothing
-- is left that can be deleted now.
create or replace function ${internal}.purge_groups(p_limit int) returns int
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
as
$$
#variable_conflict use_column
declare
    c_partitions constant int := 200;
    v_ids        int[];
    v_count      int;
begin
    select coalesce(array_agg(d.group_partition_id), '{}') into v_ids
    from (select x.group_partition_id
          from ${internal}.group_partition x
          join ${internal}.consumer_group g using (group_id)
          where g.deleted_at is not null or not exists (select from ${internal}.partition p where p.partition_id = x.partition_id)
          order by x.group_partition_id
          limit c_partitions) d
    -- Nobody commits, nobody gives it away.
    where pg_try_advisory_xact_lock('${internal}.group_partition'::regclass::oid::int, d.group_partition_id);

    delete from ${internal}.offset_commit c
    using (select i.id, o.commit_sequence
           from unnest(v_ids) i(id) join ${internal}.offset_commit o on o.group_partition_id = i.id limit p_limit) slice
    where c.group_partition_id = slice.id and c.commit_sequence = slice.commit_sequence;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        return v_count;
    end if;
    delete from ${internal}.past_ownership o
    using (select h.past_ownership_id
           from unnest(v_ids) i(id) join ${internal}.past_ownership h on h.group_partition_id = i.id limit p_limit) slice
    where o.past_ownership_id = slice.past_ownership_id;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        return v_count;
    end if;
    delete from ${internal}.group_partition x where x.group_partition_id = any (v_ids);
    get diagnostics v_count = row_count;
    if v_count > 0 then
        return v_count;
    end if;
    delete from ${internal}.past_member m
    using (select l.past_member_id
           from ${internal}.consumer_group g join ${internal}.past_member l using (group_id) where g.deleted_at is not null limit p_limit) slice
    where m.past_member_id = slice.past_member_id;
    get diagnostics v_count = row_count;
    if v_count > 0 then
        return v_count;
    end if;
    delete from ${internal}.consumer_group g
    where g.deleted_at is not null and not exists (select from ${internal}.group_partition x where x.group_id = g.group_id);
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

-- Deletes history older than that of some partitions of groups: commits that another has followed, at the low end of each one's part of the key, at most
-- p_limit of each. p_from is the sequence up to which they were deleted before, 0 where that is not known: dead rows an old snapshot keeps are not
-- stepped over again. Returns, for those of which something was deleted, up to which it is now.
create or replace function ${internal}.trim_offset_commits(p_group_partition_ids int[], p_from bigint[], p_retention_ms bigint, p_limit int)
    returns table (group_partition_id int, up_to bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
#variable_conflict use_column
declare
    v_before constant timestamptz := clock_timestamp() - p_retention_ms * interval '1 ms';
    r        record;
begin
    for r in
        select i.id, i.from_sequence, old.up_to
        from unnest(p_group_partition_ids, p_from) i(id, from_sequence)
        cross join lateral (
            select c.commit_sequence as newest
            from ${internal}.offset_commit c where c.group_partition_id = i.id order by c.commit_sequence desc limit 1) n
        cross join lateral (
            select max(o.commit_sequence) filter (where o.committed_at < v_before) as up_to
            from (select c.commit_sequence, c.committed_at
                  from ${internal}.offset_commit c
                  where c.group_partition_id = i.id and c.commit_sequence > i.from_sequence and c.commit_sequence < n.newest
                  order by c.commit_sequence limit p_limit) o) old
        where old.up_to is not null
        order by i.id
    loop
        delete from ${internal}.offset_commit c
        where c.group_partition_id = r.id and c.commit_sequence > r.from_sequence and c.commit_sequence <= r.up_to;
        group_partition_id := r.id;
        up_to := r.up_to;
        return next;
    end loop;
end
$$;

-- Deletes who was a member, and who owned what, when that ended longer ago; at most so many rows of each. Returns how many.
create or replace function ${internal}.trim_group_history(p_retention_ms bigint, p_limit int) returns int
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
declare
    v_before  constant timestamptz := clock_timestamp() - p_retention_ms * interval '1 ms';
    v_members int;
    v_owners  int;
begin
    delete from ${internal}.past_member
    where past_member_id in (select past_member_id from ${internal}.past_member order by past_member_id limit p_limit) and left_at < v_before;
    get diagnostics v_members = row_count;
    delete from ${internal}.past_ownership
    where past_ownership_id in (select past_ownership_id from ${internal}.past_ownership order by past_ownership_id limit p_limit)
      and owned_until < v_before;
    get diagnostics v_owners = row_count;
    return v_members + v_owners;
end
$$;
