-- More partitions for a topic; the caller holds the lock on topic names.
create or replace function ${internal}.add_partitions(p_topic_id int, p_partition_count int) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as
$$
    insert into ${internal}.partition (topic_id, partition)
    select p_topic_id, n
    from ${internal}.topic t, generate_series(t.partition_count, p_partition_count - 1) n
    where t.topic_id = p_topic_id;
    update ${internal}.topic set partition_count = p_partition_count where topic_id = p_topic_id;
$$;
