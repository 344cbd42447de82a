-- The SQL type behind key.type and value.type.
create or replace function ${internal}.column_type(p_type text) returns text
    language sql
    immutable
as
$$
    select case p_type when 'bytes' then 'bytea' when 'text' then 'text collate "C"' when 'json' then 'json' end
$$;

-- Makes the relation auditors read: exactly the topic's records in [log start, log end). Records are visible once committed, and then they are below
-- the log end; the join keeps those below the log start out of sight, and makes the view one that PostgreSQL cannot write through.
create or replace function ${internal}.create_topic_view(p_topic_id int) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_name          text;
    v_relation_name name;
begin
    select t.name, t.relation_name into v_name, v_relation_name from ${internal}.topic t where t.topic_id = p_topic_id;
    execute format(
        'create view ${topic_schema}.%I as
         select r.partition, r.record_offset, r."timestamp", r.key, r.value, r.headers
         from ${internal}.topic_%s r
         join ${internal}.partition p on p.topic_id = %s and p.partition = r.partition and r.record_offset >= p.log_start_offset
         where r.attributes is null',
        v_relation_name, p_topic_id, p_topic_id);
    execute format('comment on view ${topic_schema}.%I is %L', v_relation_name, 'Tidemark topic ' || v_name);
    if to_regrole('tidemark_reader') is not null then
        execute format('grant select on ${topic_schema}.%I to tidemark_reader', v_relation_name);
    end if;
end
$$;
