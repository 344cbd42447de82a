-- Whether an append whose COMMIT was not answered took place. Waits for the partition's lock first: a commit that waits for its standby is invisible,
-- and still holds it.
create or replace function ${internal}.append_took_place(p_partition_id int, p_base_offset bigint, p_append_id uuid, p_lock_timeout text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
begin
    perform set_config('lock_timeout', p_lock_timeout, true);
    perform pg_advisory_xact_lock('${internal}.batch'::regclass::oid::int, p_partition_id);
    return exists (
        select from ${internal}.batch b
        where b.partition_id = p_partition_id and b.base_offset = p_base_offset and b.append_id = p_append_id);
end
$$;
