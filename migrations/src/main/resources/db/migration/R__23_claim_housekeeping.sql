-- Makes the caller the one who does a piece of housekeeping, for so many milliseconds, unless another server's time is not up. Two at work at once
-- would do no harm, only meet at the same locks.
create or replace function ${internal}.claim_housekeeping(p_task text, p_holder uuid, p_lease_ms int) returns boolean
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
    with claimed as (
        insert into ${internal}.housekeeping as h (task, holder, until)
        values (p_task, p_holder, clock_timestamp() + p_lease_ms * interval '1 ms')
        on conflict (task) do update set holder = excluded.holder, until = excluded.until
            where h.holder = excluded.holder or h.until <= clock_timestamp()
        returning 1)
    select exists (select from claimed)
$$;
