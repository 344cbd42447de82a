-- Held by whoever creates, alters or deletes a topic, until the end of the database transaction. Advisory locks of ours are always two ints, the
-- first the oid of one of our tables, so that two installations in one database, or anybody else's locks, never meet ours.
create or replace function ${internal}.lock_topic_names() returns void
    language sql
    set search_path = pg_catalog, pg_temp
as
$$
    select pg_advisory_xact_lock('${internal}.topic'::regclass::oid::int, 0)
$$;
