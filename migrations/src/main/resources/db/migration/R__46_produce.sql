-- Produces a record inside the caller's database transaction: it is in the log if and only if that commits, soon after. Returns the staged record's id, which
-- grows from call to call. Errors have the SQLSTATE TM and Kafka's code: TM003 no such topic or partition, TM010 too large, TM032 timestamp, TM087 not of
-- the topic's types.
--
-- Text and JSON are their UTF-8 bytes; a jsonb is the text PostgreSQL shows it as. One function for each pair of types, so that literals and nulls need no
-- casts.
create or replace function ${schema}.produce(
    topic text, key text, value text, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, convert_to(key, 'UTF8'), 'text', convert_to(value, 'UTF8'), 'text', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key text, value json, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, convert_to(key, 'UTF8'), 'text', convert_to(value::text, 'UTF8'), 'json', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key text, value jsonb, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, convert_to(key, 'UTF8'), 'text', convert_to(value::text, 'UTF8'), 'jsonb', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key text, value bytea, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, convert_to(key, 'UTF8'), 'text', value, 'bytes', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key bytea, value text, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, key, 'bytes', convert_to(value, 'UTF8'), 'text', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key bytea, value json, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, key, 'bytes', convert_to(value::text, 'UTF8'), 'json', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key bytea, value jsonb, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, key, 'bytes', convert_to(value::text, 'UTF8'), 'jsonb', headers, partition, "timestamp");
end
$$;
create or replace function ${schema}.produce(
    topic text, key bytea, value bytea, headers json default null, partition int default null, "timestamp" timestamptz default null
) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as
$$
begin
    return ${internal}.stage_record(topic, key, 'bytes', value, 'bytes', headers, partition, "timestamp");
end
$$;

-- Functions may be called by everybody unless somebody says otherwise; who may is said by R__92.
revoke execute on function ${schema}.produce(text, text, text, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, text, json, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, text, jsonb, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, text, bytea, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, bytea, text, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, bytea, json, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, bytea, jsonb, json, int, timestamptz) from public;
revoke execute on function ${schema}.produce(text, bytea, bytea, json, int, timestamptz) from public;
