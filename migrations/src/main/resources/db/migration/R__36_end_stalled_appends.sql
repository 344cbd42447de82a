-- Ends the sessions of servers that stand still in the middle of an append: they hold a partition's lock, and PostgreSQL waits for them, in COPY or between
-- two statements, for longer than p_held_ms. No timeout of PostgreSQL's ends such a session in COPY. Nothing of the append is lost that was acknowledged: it
-- has not been committed.
--
-- A session is ended only if it is evidently an append of a server like the caller: same role, same application name, this database, and a statement of the
-- append path last. One that PostgreSQL itself keeps waiting (for a standby, a disk, a lock) is left alone, however long that takes.
--
-- A row for each session that holds one of the locks, whoever it is: how long it has been as it is now, and whether it was ended.
create or replace function ${internal}.end_stalled_appends(p_partition_ids int[], p_held_ms bigint)
    returns table (pid int, partition_id int, held_ms bigint, is_append boolean, waits_for text, is_ended boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    for pid, partition_id, held_ms, is_append, waits_for in
        select l.pid, l.objid::int, (extract(epoch from clock_timestamp() - a.state_change) * 1000)::bigint,
               a.application_name = current_setting('application_name') and a.usename = session_user
                   and a.state in ('active', 'idle in transaction') and a.wait_event_type = 'Client'
                   and (starts_with(a.query, 'copy ${internal}.topic_') or position('${internal}.reserve(' in a.query) > 0
                        or position('${internal}.advance_staged(' in a.query) > 0 or position('${internal}.commit_group_offsets(' in a.query) > 0),
               coalesce(a.wait_event_type || ':' || a.wait_event, a.state)
        from pg_locks l
        left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.classid = '${internal}.batch'::regclass::oid and l.objsubid = 2
          and l.objid::int = any (p_partition_ids)
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.pid <> pg_backend_pid()
    loop
        is_append := coalesce(is_append, false);
        is_ended := is_append and held_ms >= p_held_ms and pg_terminate_backend(pid);
        return next;
    end loop;
end
$$;
