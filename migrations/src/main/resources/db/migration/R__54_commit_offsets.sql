-- For applications: a group's offsets committed in the caller's own database transaction, so that what it wrote and how far it has read are there together
-- or not at all. The locks last until its COMMIT; until then the partitions stay their owner's.
create or replace function ${schema}.commit_offsets(
    group_id text, member_id text, generation_id int, topic text, partitions int[], committed_offsets bigint[], metadata text[]
) returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    -- Whoever takes a partition away holds its lock for milliseconds.
    set lock_timeout = '10s'
as
$$
#variable_conflict use_variable
declare
    v_relation name;
begin
    select t.relation_name into v_relation
    from ${internal}.topic t where t.name = commit_offsets.topic and t.deleted_at is null;
    if found and v_relation <> ''
            and not coalesce(has_table_privilege(session_user, to_regclass(format('%I.%I', '${topic_schema}', v_relation)), 'select'), false) then
        raise exception 'not authorised for topic %', quote_literal(topic) using errcode = 'TM029';
    end if;
    perform ${internal}.commit_group_offsets(
        group_id, member_id, generation_id, array_fill(topic, array[coalesce(cardinality(partitions), 0)]), partitions, committed_offsets, null::int[], metadata,
        session_user::text, 'transaction', null::bigint);
end
$$;
comment on function ${schema}.commit_offsets(text, text, int, text, int[], bigint[], text[]) is
    'Commits a consumer group''s offsets in this transaction, each with metadata: what the application wants back with it.';
revoke execute on function ${schema}.commit_offsets(text, text, int, text, int[], bigint[], text[]) from public;

create or replace function ${schema}.commit_offsets(
    group_id text, member_id text, generation_id int, topic text, partitions int[], committed_offsets bigint[]
) returns void
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
    select ${schema}.commit_offsets(group_id, member_id, generation_id, topic, partitions, committed_offsets, null::text[])
$$;
comment on function ${schema}.commit_offsets(text, text, int, text, int[], bigint[]) is
    'Commits a consumer group''s offsets in this transaction: they count if and only if it commits.';
revoke execute on function ${schema}.commit_offsets(text, text, int, text, int[], bigint[]) from public;

do
$$
begin
    if to_regrole('tidemark_writer') is not null then
        grant execute on function ${schema}.commit_offsets(text, text, int, text, int[], bigint[]),
            ${schema}.commit_offsets(text, text, int, text, int[], bigint[], text[]) to tidemark_writer;
    end if;
end
$$;
