-- Makes a topic: its rows, its partitioned parent table and its view. The caller holds the lock on topic names (${internal}.lock_topic_names).
--
-- The parent has no primary key: uniqueness comes from ${internal}.batch and the partition's advisory lock (see docs/decisions).
-- Values over 2 kB go out of line uncompressed: pglz costs more than it saves on the append path.
create or replace function ${internal}.create_topic(
    p_name text, p_relation_name name, p_partition_count int, p_configs jsonb, p_key_type text, p_value_type text
) returns int
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_topic_id int;
    v_parent   text;
begin
    insert into ${internal}.topic (name, relation_name, partition_count, configs, key_type, value_type)
    values (p_name, p_relation_name, p_partition_count, p_configs, p_key_type, p_value_type)
    returning topic_id into v_topic_id;

    insert into ${internal}.partition (topic_id, partition)
    select v_topic_id, n from generate_series(0, p_partition_count - 1) n;

    v_parent := format('${internal}.topic_%s', v_topic_id);
    -- Fixed-width columns first, wide ones before narrow: no padding between them.
    execute format(
        'create table %s (
             record_offset bigint not null,
             "timestamp" timestamptz not null,
             partition int not null,
             key %s,
             value %s,
             headers json,
             attributes smallint
         ) partition by range (partition, record_offset)',
        v_parent,
        case p_key_type when 'bytes' then 'bytea' when 'text' then 'text collate "C"' end,
        case p_value_type when 'bytes' then 'bytea' when 'text' then 'text collate "C"' when 'json' then 'json' end);
    execute format('alter table %s alter key set storage external, alter value set storage external', v_parent);

    -- The join keeps records below the log start out of sight, and makes the view one that PostgreSQL cannot write through.
    execute format(
        'create view ${topic_schema}.%I as
         select r.partition, r.record_offset, r."timestamp", r.key, r.value, r.headers
         from %s r
         join ${internal}.partition p on p.topic_id = %s and p.partition = r.partition and r.record_offset >= p.log_start_offset
         where r.attributes is null',
        p_relation_name, v_parent, v_topic_id);
    execute format('comment on view ${topic_schema}.%I is %L', p_relation_name, 'Tidemark topic ' || p_name);
    if to_regrole('tidemark_reader') is not null then
        execute format('grant select on ${topic_schema}.%I to tidemark_reader', p_relation_name);
    end if;
    return v_topic_id;
end
$$;
