-- Gives a topic without records other key and value types; returns false, changing nothing, when it has segments and so may have records. The segment
-- lock keeps a first segment from being made meanwhile. Somebody who has the topic open makes it fail (lock_not_available) instead of wait: nobody may
-- queue behind it.
create or replace function ${internal}.change_types(p_topic_id int, p_key_type text, p_value_type text) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '500ms'
as
$$
declare
    v_relation_name name;
begin
    perform pg_advisory_xact_lock('${internal}.segment'::regclass::oid::int, p_topic_id);
    if exists (select from ${internal}.segment s join ${internal}.partition p using (partition_id) where p.topic_id = p_topic_id) then
        return false;
    end if;
    -- Records staged for it are checked against its types: callers hold this shared until they have committed. See stage_record.
    if not pg_try_advisory_xact_lock('${internal}.staged_0'::regclass::oid::int, (select hashtext(t.name) from ${internal}.topic t where t.topic_id = p_topic_id)) then
        raise exception 'records are being produced to the topic' using errcode = 'lock_not_available';
    end if;
    if exists (select from ${internal}.staged_0 s where s.topic_id = p_topic_id)
            or exists (select from ${internal}.staged_1 s where s.topic_id = p_topic_id) then
        return false;
    end if;
    update ${internal}.topic set key_type = p_key_type, value_type = p_value_type where topic_id = p_topic_id
    returning relation_name into v_relation_name;
    execute format('drop view ${topic_schema}.%I', v_relation_name);
    execute format('lock table ${internal}.topic_%s in access exclusive mode nowait', p_topic_id);
    execute format(
        'alter table ${internal}.topic_%s alter key type %s using null, alter value type %s using null',
        p_topic_id, ${internal}.column_type(p_key_type), ${internal}.column_type(p_value_type));
    execute format('alter table ${internal}.topic_%s alter key set storage external, alter value set storage external', p_topic_id);
    perform ${internal}.create_topic_view(p_topic_id);
    return true;
end
$$;
