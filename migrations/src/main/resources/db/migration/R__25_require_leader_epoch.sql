-- True, or TM075 when the caller's leader epoch or run of PostgreSQL is not the current one (see ensure_leader_epoch). For functions that read, and for the
-- condition of a query over what a server remembers, whatever else the query finds. STABLE, so that it is asked once, of the snapshot that the query reads from.
create or replace function ${internal}.require_leader_epoch(p_leader_epoch int, p_run_id uuid) returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as
$$
begin
    if pg_is_in_recovery() then
        raise exception 'this PostgreSQL is a standby' using errcode = 'read_only_sql_transaction';
    end if;
    perform from ${internal}.postgres_run r
    where r.run_id = p_run_id and r.leader_epoch = p_leader_epoch and r.postmaster_started_at = pg_postmaster_start_time()
      and r.batch_table = '${internal}.batch'::regclass::oid;
    if not found then
        raise exception 'epoch % is not the current one in this run of PostgreSQL', p_leader_epoch using errcode = 'TM075';
    end if;
    return true;
end
$$;
