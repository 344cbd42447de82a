-- Held by whoever creates, alters or deletes a topic, until the end of the database transaction. Advisory locks of ours are always two ints, the
-- first the oid of one of our tables, so that two installations in one database, or anybody else's locks, never meet ours.
--
-- It is held over several statements: whoever stands still between them loses the session, and the lock with it, sooner than others give up waiting (55P03).
create or replace function ${internal}.lock_topic_names() returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
begin
    perform set_config('lock_timeout', '5s', true);
    perform set_config('idle_in_transaction_session_timeout', '2s', true);
    perform pg_advisory_xact_lock('${internal}.topic'::regclass::oid::int, 0);
end
$$;
