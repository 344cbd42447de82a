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
        ${internal}.column_type(p_key_type), ${internal}.column_type(p_value_type));
    execute format('alter table %s alter key set storage external, alter value set storage external', v_parent);

    perform ${internal}.create_topic_view(v_topic_id);
    return v_topic_id;
end
$$;
