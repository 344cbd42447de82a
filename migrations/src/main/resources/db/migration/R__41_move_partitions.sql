-- Gives partitions to new owners; a null one frees the partition. The caller holds the group's lock. Returns the partitions that changed hands: those whose
-- exclusive lock of (group, partition) was had, so that no commit of the old owner is under way; nobody waits for the others. The locks are held until the end
-- of the database transaction.
--
-- Intervals of ownership never overlap, also where the clock was set back.
create or replace function ${internal}.move_partitions(p_group_id int, p_generation int, p_partition_ids int[], p_owners text[]) returns setof int
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as
$$
declare
    -- The others are for the next time: each may take the whole of lock_timeout.
    c_one_by_one constant int := 20;
    v_ids          int[];
    v_now          timestamptz;
    v_partition_id int;
begin
    begin
        insert into ${internal}.group_partition (group_id, partition_id)
        select p_group_id, n.partition_id
        from unnest(p_partition_ids) n (partition_id)
        where not exists (select from ${internal}.group_partition gp where gp.group_id = p_group_id and gp.partition_id = n.partition_id)
        order by n.partition_id
        on conflict (group_id, partition_id) do nothing;
    exception
        when lock_not_available then
            -- An open transaction commits the first offset of one of them: that one is held up, like those whose lock is not had.
            for v_partition_id in
                select n.partition_id from unnest(p_partition_ids) n (partition_id)
                where not exists (
                    select from ${internal}.group_partition gp where gp.group_id = p_group_id and gp.partition_id = n.partition_id)
                order by n.partition_id
                limit c_one_by_one
            loop
                begin
                    insert into ${internal}.group_partition (group_id, partition_id) values (p_group_id, v_partition_id)
                    on conflict (group_id, partition_id) do nothing;
                exception
                    when lock_not_available then
                        null;
                end;
            end loop;
    end;

    select array_agg(tried.group_partition_id) into v_ids
    from (select gp.group_partition_id,
                 pg_try_advisory_xact_lock('${internal}.group_partition'::regclass::oid::int, gp.group_partition_id) as is_had
          from ${internal}.group_partition gp
          where gp.group_id = p_group_id and gp.partition_id = any (p_partition_ids)
          offset 0) tried
    where tried.is_had;

    v_now := clock_timestamp();
    insert into ${internal}.past_ownership (group_partition_id, member_id, generation_id, owned_from, owned_until)
    select gp.group_partition_id, gp.owner_member_id, gp.owner_generation, gp.owned_since, greatest(v_now, gp.owned_since)
    from ${internal}.group_partition gp
    where gp.group_partition_id = any (v_ids) and gp.owner_member_id is not null;

    return query
        with moved as (
            select gp.group_partition_id, m.owner, greatest(v_now, gp.released_at, gp.owned_since) as at
            from unnest(p_partition_ids, p_owners) m (partition_id, owner)
            join ${internal}.group_partition gp on gp.group_id = p_group_id and gp.partition_id = m.partition_id
            where gp.group_partition_id = any (v_ids))
        update ${internal}.group_partition gp
        set owner_member_id  = moved.owner,
            owner_generation = case when moved.owner is not null then p_generation end,
            owned_since      = case when moved.owner is not null then moved.at end,
            released_at      = case when gp.owner_member_id is not null then moved.at else gp.released_at end
        from moved
        where gp.group_partition_id = moved.group_partition_id
        returning gp.partition_id;
end
$$;
