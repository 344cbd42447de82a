-- The batches an append wrote whose COMMIT was not answered, each with its place in the call of reserve. Waits for the partitions' locks first: a commit
-- that waits for its standby is invisible, and still holds them. Other appends may have followed: the rows of the last p_within_ms are looked through, the
-- newest first, and the caller makes that longer than the append can be old; and so many of the newest whatever their time, which a clock that was set forward
-- since makes look old.
--
-- No row: the append has not taken place, and never will. Should it be on its way still (PostgreSQL stood still, and what was sent to it lies before it),
-- reserve finds it among the abandoned ones once it has the lock that is held here.
--
-- Who asks at 'all' is answered when what was found is where a commit at that level has to be, standbys included.
create or replace function ${internal}.append_outcome(p_partition_ids int[], p_append_id uuid, p_lock_timeout text, p_commit_level text, p_within_ms bigint)
    returns table (append_index int, base_offset bigint, append_time_ms bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    -- From the high end of the index, however few rows there were when this was planned.
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_sort = off
as
$$
#variable_conflict use_column
declare
    -- Over all partitions: tens of milliseconds, under their locks.
    c_newest constant int := 20000;
    v_oldest constant timestamptz := clock_timestamp() - p_within_ms * interval '1 ms';
    v_newest constant int := greatest(100, c_newest / greatest(1, cardinality(p_partition_ids)));
    v_seen   int;
    v_id     int;
    v_found  boolean := false;
    b        record;
begin
    perform set_config('lock_timeout', p_lock_timeout, true);
    if p_commit_level <> 'all' then
        perform set_config('synchronous_commit', 'local', true);
    elsif current_setting('synchronous_commit') not in ('on', 'remote_apply') then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    perform pg_advisory_xact_lock('${internal}.batch'::regclass::oid::int, id)
    from (select distinct unnest(p_partition_ids) as id order by 1) ids;
    for v_id in select distinct unnest(p_partition_ids) loop
        v_seen := 0;
        for b in
            select n.append_index, n.base_offset, n.appended_at, n.append_id
            from ${internal}.batch n where n.partition_id = v_id order by n.base_offset desc
        loop
            exit when b.appended_at < v_oldest and v_seen >= v_newest;
            v_seen := v_seen + 1;
            if b.append_id = p_append_id then
                v_found := true;
                append_index := b.append_index;
                base_offset := b.base_offset;
                append_time_ms := extract(epoch from b.appended_at) * 1000;
                return next;
            end if;
        end loop;
    end loop;
    if not v_found then
        -- Not those that another is at, who may wait for a standby in its COMMIT.
        delete from ${internal}.abandoned_append
        where append_id in (select a.append_id from ${internal}.abandoned_append a where a.abandoned_at < now() - interval '1 day' for update skip locked);
        -- Noted already where this is asked again because the first answer was lost: what that one said holds.
        insert into ${internal}.abandoned_append (append_id) values (p_append_id) on conflict do nothing;
    elsif p_commit_level <> 'off' then
        -- Something to commit: a commit that has written nothing is neither flushed nor waits for a standby.
        perform pg_logical_emit_message(true, 'tidemark', '');
    end if;
end
$$;
