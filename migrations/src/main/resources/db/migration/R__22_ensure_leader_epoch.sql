-- The current leader epoch and the run of PostgreSQL it goes on in; to be asked at a server's start and whenever reserve, plan_fetch or log_ranges say
-- that the caller's are not the current ones. A new epoch begins when this is not the database the last one saw, or may have lost what was read from it:
--   another system identifier or timeline: restored elsewhere, restored to a point in time, failed over
--   another table of batches: restored by pg_restore
--   another run of PostgreSQL after appends with acks=0, which a crash loses without a trace
--   a partition that ends before where the caller saw it end, or has never been: an older copy of the data was put back
--   by command, where p_reason says why and is not empty: an older copy was put back while no server ran, which nothing here can see
--
-- Returns in reason why a new epoch has begun with this call; null when none has.
create or replace function ${internal}.ensure_leader_epoch(p_partition_ids int[], p_log_ends bigint[], p_reason text)
    returns table (leader_epoch int, run_id uuid, reason text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
declare
    c_batch_table constant oid := '${internal}.batch'::regclass::oid;
    v_system      bigint;
    v_timeline    int;
    v_last        ${internal}.leader_epoch;
    v_run         ${internal}.postgres_run;
    v_is_new_run  boolean;
    v_reason      text;
begin
    if pg_is_in_recovery() then
        raise exception 'this PostgreSQL is a standby' using errcode = 'read_only_sql_transaction';
    end if;
    -- A server that stands still before its COMMIT loses the lock sooner than others give up waiting for it.
    perform set_config('lock_timeout', '5s', true);
    perform set_config('idle_in_transaction_session_timeout', '2s', true);
    perform pg_advisory_xact_lock('${internal}.leader_epoch'::regclass::oid::int, 0);
    -- Later statements, so that they see what the lock's last holder did.
    v_system := (select s.system_identifier from pg_control_system() s);
    -- Not from pg_control_checkpoint(), which after a promotion has the old timeline until the next checkpoint.
    v_timeline := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int;
    select l.* into v_last from ${internal}.leader_epoch l order by l.leader_epoch desc limit 1;
    select r.* into v_run from ${internal}.postgres_run r;
    v_is_new_run := (v_run.postmaster_started_at, v_run.batch_table, v_run.leader_epoch)
        is distinct from (pg_postmaster_start_time(), c_batch_table, v_last.leader_epoch);

    v_reason := case
        when p_reason <> '' then p_reason
        when v_last.leader_epoch is null then 'first start'
        when v_last.system_identifier <> v_system then 'another system identifier: restored'
        when v_last.timeline_id <> v_timeline then 'another timeline: restored or failed over'
        when v_last.batch_table <> c_batch_table then 'other tables: restored by pg_restore'
        when v_is_new_run and v_last.unsafe_appends then 'PostgreSQL restarted after appends with acks=0'
        when exists (
                select from unnest(p_partition_ids, p_log_ends) known(id, log_end)
                join ${internal}.partition p on p.partition_id = known.id
                join ${internal}.topic t using (topic_id)
                where t.deleted_at is null and ${internal}.log_end(known.id) < known.log_end)
            then 'log ends went back: an older copy was put back'
        -- The next partition made would get the number of one that the caller remembers. Those of deleted topics are below it.
        when exists (
                select from unnest(p_partition_ids) known(id)
                where known.id > coalesce(
                    pg_sequence_last_value(pg_get_serial_sequence('${internal}.partition', 'partition_id')::regclass), 0))
            then 'partitions are gone: an older copy was put back'
    end;
    if v_reason is not null then
        insert into ${internal}.leader_epoch (leader_epoch, system_identifier, timeline_id, batch_table, reason)
        values (coalesce(v_last.leader_epoch + 1, 0), v_system, v_timeline, c_batch_table, v_reason)
        returning * into v_last;
    elsif v_last.batch_table is null then
        -- Written before that was kept.
        update ${internal}.leader_epoch l set batch_table = c_batch_table where l.leader_epoch = v_last.leader_epoch;
    end if;
    if v_reason is not null or v_is_new_run then
        delete from ${internal}.postgres_run;
        insert into ${internal}.postgres_run (leader_epoch, postmaster_started_at, batch_table)
        values (v_last.leader_epoch, pg_postmaster_start_time(), c_batch_table)
        returning * into v_run;
    end if;
    leader_epoch := v_last.leader_epoch;
    run_id := v_run.run_id;
    reason := v_reason;
    return next;
end
$$;
