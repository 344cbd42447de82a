-- The batches an append wrote whose COMMIT was not answered, each with its place in the call of reserve. Waits for the partitions' locks first: a commit
-- that waits for its standby is invisible, and still holds them. Other appends may have followed, so some of the newest rows are looked through.
--
-- No row: the append has not taken place, and never will. Should it be on its way still (PostgreSQL stood still, and what was sent to it lies before it),
-- reserve finds it among the abandoned ones once it has the lock that is held here.
--
-- Who asks at 'all' is answered when what was found is where a commit at that level has to be, standbys included.
create or replace function ${internal}.append_outcome(p_partition_ids int[], p_append_id uuid, p_lock_timeout text, p_commit_level text)
    returns table (append_index int, base_offset bigint, append_time_ms bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    perform set_config('lock_timeout', p_lock_timeout, true);
    if p_commit_level <> 'all' then
        perform set_config('synchronous_commit', 'local', true);
    elsif current_setting('synchronous_commit') in ('off', 'local') then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    perform pg_advisory_xact_lock('${internal}.batch'::regclass::oid::int, id)
    from (select distinct unnest(p_partition_ids) as id order by 1) ids;
    return query
    select b.append_index, b.base_offset, (extract(epoch from b.appended_at) * 1000)::bigint
    from (select distinct unnest(p_partition_ids) as id) ids
    cross join lateral (
        select n.* from ${internal}.batch n where n.partition_id = ids.id order by n.base_offset desc limit 10000) b
    where b.append_id = p_append_id
    order by b.append_index;
    if not found then
        delete from ${internal}.abandoned_append where abandoned_at < now() - interval '1 day';
        insert into ${internal}.abandoned_append (append_id) values (p_append_id);
    elsif p_commit_level = 'all' and current_setting('synchronous_standby_names') <> '' then
        -- Something to commit: a commit that has written nothing waits for no standby.
        perform pg_logical_emit_message(true, 'tidemark', '');
    end if;
end
$$;
