-- Reserves offsets: takes the partitions' locks, reads their log ends, checks producers, and inserts the batch rows. The records follow by COPY in the
-- same database transaction, so a reader sees batch rows and records together or not at all.
--
-- One array element a batch, ordered by partition id, then producer id, then base sequence, so that batches of one producer that overtook each other
-- on the way here meet in their order. Batches with the same p_groups number (from 0, below the number of batches) are appended all or not at all.
--
-- The caller keeps the number of batches within bounds: partitions' locks are held while they are looked at, once, and again while groups are refused. A pass
-- finds all that cannot be appended beside those found before; so there are few, however many groups are refused.
--
-- Outcomes, in the order of the batches:
--   appended    base_offset is the batch's; leaf is null when it crosses into the next segment and its records must go through the parent
--   duplicate   base_offset is where it already was
--   gap         the producer's previous batch is not here (yet)
--   fenced      a newer epoch of the producer was here
--   no_segment  there is no segment to hold the whole batch: make the one that starts at base_offset, and come back
--   withdrawn   refused because of another batch of its group
--
-- Raises TM075 when the caller's leader epoch or run of PostgreSQL is not the current one: see ensure_leader_epoch.
create or replace function ${internal}.reserve(
    p_partition_ids    int[],
    p_groups           int[],
    p_record_counts    int[],
    p_bytes            bigint[],
    p_block_offsets    int[],        -- least number of blocks the partition's earlier batches in this call fill
    p_min_timestamps   bigint[],     -- milliseconds since 1970; null elements: the append time
    p_max_timestamps   bigint[],
    p_producer_ids     bigint[],
    p_producer_epochs  smallint[],
    p_base_sequences   int[],
    p_principals       text[],
    p_append_id        uuid,
    p_leader_epoch     int,
    p_run_id           uuid,
    p_lock_timeout     text,
    p_commit_level     text          -- 'all', 'local' or 'off'
) returns table (outcome text, base_offset bigint, leaf text, segment_base bigint, segment_bound bigint, append_time_ms bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    -- Planned once: custom plans for each call's arrays took a third of a small append's CPU. And by index also where a table was empty then.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
as
$$
#variable_conflict use_column
declare
    c_lock_class   constant int := '${internal}.batch'::regclass::oid::int;
    v_count        constant int := cardinality(p_partition_ids);
    c_block_size   constant int := current_setting('block_size');
    -- From 16 on PostgreSQL extends a table by up to 64 blocks at once and may leave some of them empty behind the last record.
    c_ahead        constant int := case when current_setting('server_version_num')::int >= 160000 then 64 else 0 end;
    -- Kept from pass to pass: which groups cannot be appended, by their number and one, and why.
    v_failed       boolean[] := array_fill(false, array[v_count]);
    -- How many batches each group has; null until somebody asks.
    v_sizes        int[];
    v_refusals     text[] := array_fill('withdrawn'::text, array[v_count]);
    v_refused_at   bigint[] := array_fill(null::bigint, array[v_count]);
    v_again        boolean;
    v_setting      text;
    v_id           int;
    r              record;
    v_partition_id int;
    v_end          bigint;
    v_segment      bigint;
    v_upper        bigint;
    v_leaf         regclass;
    v_stuck        boolean;
    v_rolled       boolean;
    v_now          timestamptz;
    v_producer_id  bigint;
    v_epoch        int;
    v_next         bigint;
    v_outcomes     text[];
    v_bases        bigint[];
    v_leaves       regclass[];
    v_segments     bigint[];
    v_uppers       bigint[];
    v_blocks       int[];
    v_times        timestamptz[];
    v_first_block  int;
    v_known_base   bigint;
    v_known_time   timestamptz;
begin
    -- As expressions, not as queries: those would take a tenth of a small append's time.
    v_setting := set_config('lock_timeout', p_lock_timeout, true);
    if p_commit_level <> 'all' then
        v_setting := set_config('synchronous_commit', p_commit_level, true);
    elsif current_setting('synchronous_commit') not in ('on', 'remote_apply') then
        v_setting := set_config('synchronous_commit', 'on', true);
    end if;
    v_partition_id := null;
    foreach v_id in array p_partition_ids loop
        -- In the order of their ids, which is the array's.
        if v_id is distinct from v_partition_id and pg_advisory_xact_lock(c_lock_class, v_id) is null then
            raise exception 'the lock of partition % was not taken', v_id;
        end if;
        v_partition_id := v_id;
    end loop;

    if pg_is_in_recovery() then
        raise exception 'this PostgreSQL is a standby' using errcode = 'read_only_sql_transaction';
    end if;
    perform from ${internal}.postgres_run r
    where r.run_id = p_run_id and r.leader_epoch = p_leader_epoch and r.postmaster_started_at = pg_postmaster_start_time()
      and r.batch_table = c_lock_class::oid
      and not exists (select from ${internal}.abandoned_append a where a.append_id = p_append_id);
    if not found then
        raise exception 'epoch % is not the current one in this run of PostgreSQL, or the append has been given up', p_leader_epoch
            using errcode = 'TM075';
    end if;
    if p_commit_level = 'off' then
        -- The first append that may be lost leaves a mark that cannot be: it is committed with it, durably.
        update ${internal}.leader_epoch l set unsafe_appends = true where l.leader_epoch = p_leader_epoch and not l.unsafe_appends;
        if found then
            v_setting := set_config('synchronous_commit', 'local', true);
        end if;
    end if;

    -- From here on every statement has a snapshot younger than the locks (READ COMMITTED, VOLATILE), so log ends are read as they are.
    loop
        v_again := false;
        v_partition_id := null;
        v_outcomes := array_fill(null::text, array[v_count]);
        v_bases := array_fill(null::bigint, array[v_count]);
        v_leaves := array_fill(null::regclass, array[v_count]);
        v_segments := array_fill(null::bigint, array[v_count]);
        v_uppers := array_fill(null::bigint, array[v_count]);
        v_blocks := array_fill(0, array[v_count]);
        v_times := array_fill(null::timestamptz, array[v_count]);
        for r in
            select i.n, i.partition_id, i.grp, i.record_count, i.block_offset, i.producer_id, i.producer_epoch, i.base_sequence,
                   e.log_end, e.appended_at, s.leaf, s.segment_base, s.upper_bound, p.last_epoch, p.next_sequence,
                   case when s.leaf is not null then pg_relation_size(s.leaf) / c_block_size end as blocks
            from unnest(p_partition_ids, p_groups, p_record_counts, p_block_offsets, p_producer_ids, p_producer_epochs, p_base_sequences)
                     with ordinality i(partition_id, grp, record_count, block_offset, producer_id, producer_epoch, base_sequence, n)
            left join lateral (
                select b.base_offset + b.record_count as log_end, b.appended_at
                from ${internal}.batch b where b.partition_id = i.partition_id order by b.base_offset desc limit 1) e on true
            left join lateral (
                select g.leaf, g.base_offset as segment_base, g.upper_bound
                from ${internal}.segment g where g.partition_id = i.partition_id and g.base_offset <= coalesce(e.log_end, 0)
                order by g.base_offset desc limit 1) s on true
            left join lateral (
                select b.producer_epoch as last_epoch, (b.base_sequence::bigint + b.record_count) % 2147483648 as next_sequence
                from ${internal}.batch b where b.partition_id = i.partition_id and b.producer_id = i.producer_id
                order by b.base_offset desc limit 1) p on true
            order by i.n
        loop
            if r.partition_id is distinct from v_partition_id then
                v_partition_id := r.partition_id;
                v_end := coalesce(r.log_end, 0);
                v_leaf := r.leaf;
                v_segment := r.segment_base;
                v_upper := coalesce(r.upper_bound, 0);
                v_first_block := greatest(coalesce(r.blocks, 0) - 1 - c_ahead, 0);
                v_stuck := false;
                v_rolled := false;
                v_now := date_trunc('milliseconds', greatest(clock_timestamp(), r.appended_at));
                v_producer_id := null;
            end if;
            if v_failed[r.grp + 1] then
                v_outcomes[r.n] := v_refusals[r.n];
                v_bases[r.n] := v_refused_at[r.n];
                continue;
            end if;
            if r.producer_id is distinct from v_producer_id then
                v_producer_id := r.producer_id;
                v_epoch := r.last_epoch;
                v_next := r.next_sequence;
            end if;

            if v_stuck then
                -- Behind a batch that waits for a segment: a small one would slip in before it, a producer's next one would look like a gap.
                v_outcomes[r.n] := 'no_segment';
                v_bases[r.n] := v_known_base;
            elsif r.producer_id is not null and r.producer_epoch < v_epoch then
                v_outcomes[r.n] := 'fenced';
            elsif r.producer_id is not null
                    and r.base_sequence <> (case when v_epoch = r.producer_epoch then v_next else 0 end) then
                select b.base_offset, b.appended_at into v_known_base, v_known_time
                from (select d.base_offset, d.appended_at, d.producer_epoch, d.base_sequence, d.record_count
                      from ${internal}.batch d where d.partition_id = r.partition_id and d.producer_id = r.producer_id
                      order by d.base_offset desc limit 5) b
                where b.producer_epoch = r.producer_epoch and b.base_sequence = r.base_sequence and b.record_count = r.record_count;
                v_outcomes[r.n] := case when found then 'duplicate' else 'gap' end;
                v_bases[r.n] := v_known_base;
                v_times[r.n] := v_known_time;
            elsif v_end + r.record_count > v_upper and v_end + r.record_count > (
                    -- A batch may run from one segment into the next; segments follow each other, so the last bound says how far.
                    select coalesce(max(g.upper_bound), 0) from ${internal}.segment g where g.partition_id = r.partition_id) then
                v_stuck := true;
                v_outcomes[r.n] := 'no_segment';
                select coalesce(max(g.upper_bound), v_end) into v_known_base from ${internal}.segment g where g.partition_id = r.partition_id;
                v_bases[r.n] := v_known_base;
            else
                v_outcomes[r.n] := 'appended';
                v_bases[r.n] := v_end;
                v_leaves[r.n] := case when v_end + r.record_count <= v_upper then v_leaf end;
                v_segments[r.n] := v_segment;
                v_uppers[r.n] := v_upper;
                v_blocks[r.n] := case when v_rolled then 0 else v_first_block + r.block_offset end;
                v_times[r.n] := v_now;
                v_end := v_end + r.record_count;
                if v_end >= v_upper then
                    select g.leaf, g.base_offset, g.upper_bound into v_leaf, v_segment, v_upper
                    from ${internal}.segment g where g.partition_id = r.partition_id and g.base_offset <= v_end
                    order by g.base_offset desc limit 1;
                    v_rolled := true;
                end if;
                if r.producer_id is not null then
                    v_epoch := r.producer_epoch;
                    v_next := (r.base_sequence::bigint + r.record_count) % 2147483648;
                end if;
            end if;

            -- A refused batch takes its whole group along; what this pass gave to batches before it is given anew without the group.
            if v_outcomes[r.n] not in ('appended', 'duplicate') then
                if v_sizes is null then
                    v_sizes := array_fill(0, array[v_count]);
                    foreach v_id in array p_groups loop
                        v_sizes[v_id + 1] := v_sizes[v_id + 1] + 1;
                    end loop;
                end if;
                if v_sizes[r.grp + 1] > 1 then
                    v_failed[r.grp + 1] := true;
                    v_refusals[r.n] := v_outcomes[r.n];
                    v_refused_at[r.n] := v_bases[r.n];
                    v_again := true;
                end if;
            end if;
        end loop;
        exit when not v_again;
    end loop;

    insert into ${internal}.batch (
        base_offset, min_timestamp, max_timestamp, appended_at, producer_id, bytes, partition_id, record_count, first_block, base_sequence,
        leader_epoch, producer_epoch, append_id, principal, append_index)
    select i.base_offset, coalesce(timestamptz 'epoch' + i.min_timestamp * interval '1 ms', i.appended_at),
           coalesce(timestamptz 'epoch' + i.max_timestamp * interval '1 ms', i.appended_at), i.appended_at, i.producer_id, i.bytes, i.partition_id,
           i.record_count, i.first_block, i.base_sequence, p_leader_epoch, i.producer_epoch, p_append_id, i.principal, i.n
    from unnest(v_outcomes, v_bases, p_min_timestamps, p_max_timestamps, v_times, p_producer_ids, p_bytes, p_partition_ids, p_record_counts,
                v_blocks, p_base_sequences, p_producer_epochs, p_principals)
             with ordinality i(outcome, base_offset, min_timestamp, max_timestamp, appended_at, producer_id, bytes, partition_id, record_count,
               first_block, base_sequence, producer_epoch, principal, n)
    where i.outcome = 'appended';
    if p_commit_level <> 'off' and 'duplicate' = any (v_outcomes) then
        -- Where the first one was not flushed (acks=0), or its wait for a standby was cut short, this one must wait; a commit that has written nothing would not.
        perform pg_logical_emit_message(true, 'tidemark', '');
    end if;

    return query
    select i.outcome, i.base_offset, i.leaf::text, i.segment_base, i.upper_bound, (extract(epoch from i.appended_at) * 1000)::bigint
    from unnest(v_outcomes, v_bases, v_leaves, v_segments, v_uppers, v_times)
             with ordinality i(outcome, base_offset, leaf, segment_base, upper_bound, appended_at, n)
    order by i.n;
end
$$;
