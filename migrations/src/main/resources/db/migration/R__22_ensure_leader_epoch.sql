-- The current leader epoch; a new one when this PostgreSQL is not the one the last epoch saw (restored or failed over).
create or replace function ${internal}.ensure_leader_epoch() returns int
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_system   bigint := (select system_identifier from pg_control_system());
    v_timeline int := (select timeline_id from pg_control_checkpoint());
    v_epoch    int;
begin
    perform pg_advisory_xact_lock('${internal}.leader_epoch'::regclass::oid::int, 0);
    insert into ${internal}.leader_epoch (leader_epoch, system_identifier, timeline_id, reason)
    select coalesce(max(l.leader_epoch) + 1, 0), v_system, v_timeline,
           case when count(*) = 0 then 'first start' else 'system identifier or timeline changed' end
    from ${internal}.leader_epoch l
    having not coalesce(
        (select (last.system_identifier, last.timeline_id) = (v_system, v_timeline)
         from ${internal}.leader_epoch last order by last.leader_epoch desc limit 1), false);
    select max(leader_epoch) into v_epoch from ${internal}.leader_epoch;
    return v_epoch;
end
$$;
