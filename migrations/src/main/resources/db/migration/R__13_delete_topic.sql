-- Takes a topic out of the catalogue, and drops its view unless somebody is reading it. What is left is dropped by ${internal}.drop_deleted_leaf.
create or replace function ${internal}.delete_topic(p_topic_id int) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_relation_name name;
begin
    update ${internal}.topic set deleted_at = now() where topic_id = p_topic_id and deleted_at is null
    returning relation_name into v_relation_name;
    if not found then
        return;
    end if;
    delete from ${internal}.segment s using ${internal}.partition p where p.topic_id = p_topic_id and s.partition_id = p.partition_id;
    begin
        perform set_config('lock_timeout', '500', true);
        execute format('drop view ${topic_schema}.%I', v_relation_name);
        update ${internal}.topic set relation_name = '' where topic_id = p_topic_id;
    exception
        when lock_not_available then
            null; -- drop_deleted_leaf drops it with the parent; meanwhile a new topic of the name gets another relation
    end;
end
$$;

-- Drops one leaf of a deleted topic, or when none is left its view, its parent and its rows. Returns whether something is left to drop.
-- A long SELECT on the topic makes it fail (lock_not_available) instead of wait; it is tried again later.
create or replace function ${internal}.drop_deleted_leaf(p_topic_id int) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_parent   regclass := to_regclass(format('${internal}.topic_%s', p_topic_id));
    v_relation name;
    v_leaf     regclass;
begin
    select relation_name into v_relation from ${internal}.topic where topic_id = p_topic_id and deleted_at is not null;
    if not found then
        return false;
    end if;
    perform set_config('lock_timeout', '500', true);
    select inhrelid into v_leaf from pg_inherits where inhparent = v_parent limit 1;
    if found then
        execute format('drop table %s', v_leaf);
        return true;
    end if;
    if v_relation <> '' then
        execute format('drop view if exists ${topic_schema}.%I', v_relation);
    end if;
    if v_parent is not null then
        execute format('drop table %s', v_parent);
    end if;
    delete from ${internal}.batch b using ${internal}.partition p where p.topic_id = p_topic_id and b.partition_id = p.partition_id;
    delete from ${internal}.partition where topic_id = p_topic_id;
    delete from ${internal}.topic where topic_id = p_topic_id;
    return false;
end
$$;
