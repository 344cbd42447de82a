-- The servers whose newest beat is no older than that and not their last. Reads the high end of the key only: by index, also where the table was
-- small or full of dead rows when somebody looked. Beats in the future are of a clock that was set back.
create or replace function ${internal}.live_servers(p_within_ms int)
    returns table (server_id uuid, address text, version text, started_at timestamptz, listens boolean)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
    select newest.server_id, newest.address, newest.version, newest.started_at, newest.listens
    from (select distinct on (b.server_id) b.server_id, b.address, b.version, b.started_at, b.listens
          from ${internal}.server_beat b
          where b.beat_at > now() - p_within_ms * interval '1 ms' and b.beat_at < now() + p_within_ms * interval '1 ms'
          order by b.server_id, b.beat_at desc) newest
    where newest.address is not null
    order by newest.started_at, newest.server_id
$$;

-- A server says that it is there, and hears who else is. Nobody waits for it to be on disk or on a standby: after a crash the next beat comes within a
-- second.
create or replace function ${internal}.beat(
    p_server_id uuid, p_address text, p_version text, p_started_at timestamptz, p_listens boolean, p_within_ms int
) returns table (server_id uuid, address text, version text, started_at timestamptz, listens boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    perform set_config('synchronous_commit', 'off', true);
    insert into ${internal}.server_beat (server_id, address, version, started_at, listens)
    values (p_server_id, p_address, p_version, p_started_at, p_listens);
    return query select * from ${internal}.live_servers(p_within_ms);
end
$$;

-- The same, and which members of consumer groups the server has heard since its last beat, how many milliseconds ago each.
create or replace function ${internal}.beat_2(
    p_server_id uuid, p_address text, p_version text, p_started_at timestamptz, p_listens boolean, p_within_ms int, p_member_nos int[], p_heard_ms_ago int[]
) returns table (server_id uuid, address text, version text, started_at timestamptz, listens boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
#variable_conflict use_column
begin
    perform set_config('synchronous_commit', 'off', true);
    insert into ${internal}.server_beat (server_id, address, version, started_at, listens, member_nos, heard_ms_ago)
    values (p_server_id, p_address, p_version, p_started_at, p_listens, p_member_nos, p_heard_ms_ago);
    return query select * from ${internal}.live_servers(p_within_ms);
end
$$;

-- The beats of the other servers within that time, oldest first, with whom they have heard. Reads the high end of the key only, as live_servers does.
create or replace function ${internal}.beats_of_others(p_server_id uuid, p_within_ms int)
    returns table (server_id uuid, beat_ms_ago int, member_nos int[], heard_ms_ago int[])
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
    select b.server_id, greatest(0, extract(epoch from clock_timestamp() - b.beat_at) * 1000)::int, b.member_nos, b.heard_ms_ago
    from ${internal}.server_beat b
    where b.beat_at > now() - p_within_ms * interval '1 ms' and b.beat_at < now() + p_within_ms * interval '1 ms'
      and b.server_id <> p_server_id
    order by b.beat_at
$$;

-- How many milliseconds ago any server heard the member, of those that have said so within that time; null when none has.
create or replace function ${internal}.last_heard_ms_ago(p_member_no int, p_within_ms int) returns int
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
    select min(greatest(0, extract(epoch from clock_timestamp() - b.beat_at) * 1000)::int + b.heard_ms_ago[array_position(b.member_nos, p_member_no)])
    from ${internal}.server_beat b
    where b.beat_at > now() - p_within_ms * interval '1 ms' and b.beat_at < now() + p_within_ms * interval '1 ms'
      and p_member_no = any (b.member_nos)
$$;

-- A server stops: from now on it does not count.
create or replace function ${internal}.leave(p_server_id uuid) returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
    insert into ${internal}.server_beat (server_id, address, version, started_at, listens) values (p_server_id, null, '', now(), false)
$$;

-- Deletes beats older than a minute, unless another server is at it. Not those far older, which would mean stepping over all rows that an old
-- snapshot keeps from being vacuumed: only a server that starts looks for them (p_all).
create or replace function ${internal}.drop_old_beats(p_all boolean) returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
begin
    perform set_config('synchronous_commit', 'off', true);
    if pg_try_advisory_xact_lock('${internal}.server_beat'::regclass::oid::int, 0) then
        delete from ${internal}.server_beat b
        where b.beat_at < now() - interval '1 minute'
          and b.beat_at > case when p_all then timestamptz '-infinity' else now() - interval '10 minutes' end;
    end if;
end
$$;
