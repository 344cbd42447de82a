-- Takes a topic out of the catalogue, and drops its view unless somebody is reading it. Its leaves are retired; what is left is taken away by
-- ${internal}.removal_step.
create or replace function ${internal}.delete_topic(p_topic_id int) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '500ms'
as
$$
declare
    v_relation_name name;
begin
    -- So that no segment is made meanwhile.
    perform pg_advisory_xact_lock('${internal}.segment'::regclass::oid::int, p_topic_id);
    update ${internal}.topic set deleted_at = now() where topic_id = p_topic_id and deleted_at is null
    returning relation_name into v_relation_name;
    if not found then
        return;
    end if;
    delete from ${internal}.segment s using ${internal}.partition p where p.topic_id = p_topic_id and s.partition_id = p.partition_id;
    insert into ${internal}.retired_leaf (leaf, topic_id)
    select i.inhrelid, p_topic_id from pg_inherits i where i.inhparent = to_regclass(format('${internal}.topic_%s', p_topic_id));
    begin
        execute format('drop view ${topic_schema}.%I', v_relation_name);
        update ${internal}.topic set relation_name = '' where topic_id = p_topic_id;
    exception
        when lock_not_available or dependent_objects_still_exist then
            null; -- removal_step drops it; meanwhile a new topic of the name gets another relation
    end;
end
$$;

drop function if exists ${internal}.drop_deleted_leaf(int);

-- The next step of taking a deleted topic away, done in one short database transaction; call it until it says otherwise than 'again':
--   again  something is left, go on
--   done   nothing is left
--   wait   somebody uses the topic's tables: come back later
--   run    the statement is to be run by itself, outside a transaction block, with a bound on its time; then go on
--
-- No step waits for ACCESS EXCLUSIVE on the topic's parent table, which would make new readers of it wait in turn: leaves are detached with
-- CONCURRENTLY, one at a time. The view goes first, so that a snapshot from before finds either all leaves or no relation, never a part of them. A
-- statement cut off in its second half leaves its leaf "pending detach", for FINALIZE. So that this stays rare, and FINALIZE with it, which waits for
-- every older snapshot in the database, detaching begins only when nobody holds a lock on the parent or the leaf.
create or replace function ${internal}.removal_step(p_topic_id int) returns table (outcome text, statement text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '500ms'
as
$$
declare
    c_batches  constant int := 10000;
    v_parent   regclass := to_regclass(format('${internal}.topic_%s', p_topic_id));
    v_relation name;
    v_leaf     regclass;
    v_exists   boolean;
    v_attached boolean;
    v_pending  boolean;
begin
    -- Until COMMIT nobody can read, or dump, what is dropped here; who stands still before it is not waited for.
    perform set_config('idle_in_transaction_session_timeout', '2s', true);
    select t.relation_name into v_relation from ${internal}.topic t where t.topic_id = p_topic_id and t.deleted_at is not null for update;
    if not found then
        return query select 'done', null::text;
        return;
    end if;

    if v_relation <> '' then
        execute format('drop view if exists ${topic_schema}.%I', v_relation);
        update ${internal}.topic set relation_name = '' where topic_id = p_topic_id;
        return query select 'again', null::text;
        return;
    end if;

    select r.leaf, c.oid is not null, i.inhrelid is not null, coalesce(i.inhdetachpending, false)
    into v_leaf, v_exists, v_attached, v_pending
    from ${internal}.retired_leaf r
    left join pg_class c on c.oid = r.leaf
    left join pg_inherits i on i.inhrelid = r.leaf
    where r.topic_id = p_topic_id
    order by coalesce(i.inhdetachpending, false) desc, r.leaf
    limit 1;
    if v_pending then
        return query select 'run', format('alter table %s detach partition %s finalize', v_parent, v_leaf);
        return;
    elsif v_attached and exists (
            select from pg_locks l
            where l.locktype = 'relation' and l.relation in (v_parent, v_leaf) and l.pid <> pg_backend_pid()
              and l.database = (select d.oid from pg_database d where d.datname = current_database())) then
        return query select 'wait', null::text;
        return;
    elsif v_attached then
        return query select 'run', format('alter table %s detach partition %s concurrently', v_parent, v_leaf);
        return;
    elsif v_leaf is not null then
        if v_exists then
            execute format('drop table %s', v_leaf);
        end if;
        delete from ${internal}.retired_leaf where leaf = v_leaf;
        return query select 'again', null::text;
        return;
    end if;

    delete from ${internal}.batch b
    using (select o.partition_id, o.base_offset
           from ${internal}.partition p join ${internal}.batch o using (partition_id) where p.topic_id = p_topic_id limit c_batches) slice
    where b.partition_id = slice.partition_id and b.base_offset = slice.base_offset;
    if found then
        return query select 'again', null::text;
        return;
    end if;

    if v_parent is not null then
        execute format('lock table only %s in access exclusive mode nowait', v_parent);
        execute format('drop table %s', v_parent);
    end if;
    delete from ${internal}.partition where topic_id = p_topic_id;
    delete from ${internal}.topic where topic_id = p_topic_id;
    return query select 'done', null::text;
end
$$;
