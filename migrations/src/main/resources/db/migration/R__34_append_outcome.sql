-- The batches an append wrote whose COMMIT was not answered; none when it did not take place. Waits for the partitions' locks first: a commit that
-- waits for its standby is invisible, and still holds them. Other appends may have followed, so some of the newest rows are looked through.
create or replace function ${internal}.append_outcome(p_partition_ids int[], p_append_id uuid, p_lock_timeout text)
    returns table (partition_id int, base_offset bigint, record_count int, producer_id bigint, base_sequence int, append_time_ms bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    perform set_config('lock_timeout', p_lock_timeout, true);
    perform pg_advisory_xact_lock('${internal}.batch'::regclass::oid::int, id)
    from (select distinct unnest(p_partition_ids) as id order by 1) ids;
    return query
    select ids.id, b.base_offset, b.record_count, b.producer_id, b.base_sequence, (extract(epoch from b.appended_at) * 1000)::bigint
    from (select distinct unnest(p_partition_ids) as id) ids
    cross join lateral (
        select n.* from ${internal}.batch n where n.partition_id = ids.id order by n.base_offset desc limit 10000) b
    where b.append_id = p_append_id
    order by ids.id, b.base_offset;
end
$$;
