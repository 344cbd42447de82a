-- Takes a group's lock until the end of the database transaction. What it guards is to be read in later statements, which see what its last holder committed.
-- Waits for so many milliseconds (55P03); a holder that stands still for that long loses its session, and the lock with it.
create or replace function ${internal}.lock_group(p_group_id int, p_wait_ms int, p_idle_ms int) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
begin
    -- Who is a member is not worth waiting for a standby that is away: what a failover loses, heartbeats bring back. Offsets committed do wait.
    perform set_config('synchronous_commit', 'local', true);
    perform set_config('lock_timeout', p_wait_ms::text, true);
    perform set_config('idle_in_transaction_session_timeout', p_idle_ms::text, true);
    perform pg_advisory_xact_lock('${internal}.consumer_group'::regclass::oid::int, p_group_id);
end
$$;
