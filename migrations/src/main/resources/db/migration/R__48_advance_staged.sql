-- Moves the position on, in the database transaction that appends the slice: so what is in the log and what is to come never differ.
--
--   advanced  done
--   locked    nothing done: another server is at it
--   moved     nothing done: another server was here since the slice was read, and has it in the log
create or replace function ${internal}.advance_staged(
    p_position_id bigint, p_last_snapshot text, p_snapshot text, p_after_id bigint, p_last_id bigint
) returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
begin
    if not pg_try_advisory_xact_lock('${internal}.staged_position'::regclass::oid::int, 0) then
        return 'locked';
    end if;
    -- A statement of its own: it sees what the lock's last holder committed.
    if p_position_id is distinct from (select n.position_id from ${internal}.staged_position n order by n.position_id desc limit 1) then
        return 'moved';
    end if;
    insert into ${internal}.staged_position (position_id, last_snapshot, snapshot, after_id, last_id, staging_table)
    values (p_position_id + 1, p_last_snapshot::pg_snapshot, p_snapshot::pg_snapshot, p_after_id, p_last_id, '${internal}.staged_0'::regclass::oid);
    return 'advanced';
end
$$;

-- Deletes positions that have gone by. Not those far older, which would mean stepping over all rows that an old snapshot keeps from being vacuumed: only a
-- server that starts looks for them (p_all).
create or replace function ${internal}.drop_old_positions(p_all boolean) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
declare
    c_kept   constant bigint := 100;
    c_window constant bigint := 20000;
    v_newest bigint;
begin
    perform set_config('synchronous_commit', 'off', true);
    select n.position_id into v_newest from ${internal}.staged_position n order by n.position_id desc limit 1;
    delete from ${internal}.staged_position o
    where o.position_id < v_newest - c_kept
      and o.position_id > case when p_all then -1 else v_newest - c_kept - c_window end;
end
$$;

-- Ends the session of a server that stands still with the lock of advance_staged: what end_stalled_appends is for partitions' locks, which says whom it ends.
create or replace function ${internal}.end_stalled_sequencer(p_held_ms bigint) returns boolean
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
    select coalesce(bool_or(pg_terminate_backend(a.pid)), false)
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.classid = '${internal}.staged_position'::regclass::oid and l.objid = 0 and l.objsubid = 2
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and a.application_name = current_setting('application_name') and a.usename = session_user
      and a.state in ('active', 'idle in transaction') and a.wait_event_type = 'Client'
      and (starts_with(a.query, 'copy ${internal}.topic_') or position('${internal}.advance_staged(' in a.query) > 0)
      and clock_timestamp() - a.state_change >= p_held_ms * interval '1 ms'
      and a.pid <> pg_backend_pid()
$$;
