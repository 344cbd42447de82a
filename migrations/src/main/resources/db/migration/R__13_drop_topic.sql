-- Takes a topic out of the catalogue and drops its view. Its parent and leaves stay for ${internal}.drop_deleted_leaf, which waits for nobody.
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
    execute format('drop view if exists ${topic_schema}.%I', v_relation_name);
end
$$;

-- Drops one leaf of a deleted topic, or when none is left its parent and its rows. Returns whether something is left to drop.
-- Run with a short lock_timeout: a long SELECT on the parent makes it fail, not wait, and it is tried again later.
create or replace function ${internal}.drop_deleted_leaf(p_topic_id int) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_parent regclass := to_regclass(format('${internal}.topic_%s', p_topic_id));
    v_leaf   regclass;
begin
    if not exists (select from ${internal}.topic where topic_id = p_topic_id and deleted_at is not null) then
        return false;
    end if;
    select inhrelid into v_leaf from pg_inherits where inhparent = v_parent limit 1;
    if found then
        execute format('drop table %s', v_leaf);
        return true;
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
