-- Nesting of a JSON text, counted only where it has that many brackets.
create or replace function ${internal}.is_deeper(p_json text, p_most int) returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
as
$$
    select case when length(p_json) - length(translate(p_json, '[{', '')) <= p_most then false
        else (select max(d.depth) > p_most
              from (select sum(case when u.c in ('[', '{') then 1 else -1 end) over (order by u.n) as depth
                    from regexp_split_to_table(
                             regexp_replace(regexp_replace(p_json, '"([^"\\]|\\.)*"', '', 'g'), '[^][{}]', '', 'g'), '')
                             with ordinality u(c, n)
                    where u.c <> '') d) end
$$;

-- Refuses with TM087 what is no text, or where asked no JSON that can be stored and taken apart again. Raising is left to the catcher: a message of
-- PostgreSQL's may quote the record in its detail.
create or replace function ${internal}.require_type(p_part text, p_bytes bytea, p_type text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_text text;
begin
    v_text := convert_from(p_bytes, 'UTF8');
    if p_type = 'json' then
        -- Also what the json type stores and fails on later: an escape that is no character.
        perform json_strip_nulls(v_text::json);
        if ${internal}.is_deeper(v_text, 512) then
            raise exception 'arrays and objects are nested deeper than 512' using errcode = 'data_exception';
        end if;
    end if;
exception
    when data_exception or statement_too_complex then
        raise exception '% is not %: %', p_part, p_type, sqlerrm using errcode = 'TM087';
end
$$;

-- Headers as records keep them: the text of an array of [name, value] pairs, a value being a string, null or {"base64": …}; null when there are none. An
-- object of strings is taken too, as over HTTP. TM087 for anything else.
create or replace function ${internal}.record_headers(p_headers json) returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_type   text;
    v_wrong  text;
    v_count  int;
    v_header json;
    v_value  json;
begin
    v_type := json_typeof(p_headers);
    if v_type = 'null' then
        return null;
    elsif v_type = 'object' then
        select max(h.key) into v_wrong from json_each(p_headers) h where json_typeof(h.value) not in ('string', 'null');
        if v_wrong is not null then
            raise exception 'header "%" must be a string or null', left(v_wrong, 60) using errcode = 'data_exception';
        end if;
        perform json_strip_nulls(p_headers);
        return (select json_agg(json_build_array(h.key, h.value))::text from json_each(p_headers) h);
    elsif v_type <> 'array' then
        raise exception 'not an array of [name, value] pairs, nor an object of strings' using errcode = 'data_exception';
    end if;
    v_count := 0;
    for v_header in select a.value from json_array_elements(p_headers) a loop
        if json_typeof(v_header) <> 'array' or json_array_length(v_header) <> 2 or json_typeof(v_header -> 0) <> 'string' then
            raise exception 'header % is not a pair of a name and a value', v_count using errcode = 'data_exception';
        end if;
        v_value := v_header -> 1;
        case json_typeof(v_value)
            when 'string', 'null' then
                null;
            when 'object' then
                if (select count(*) <> 1 or bool_or(o.key <> 'base64' or json_typeof(o.value) <> 'string') from json_each(v_value) o)
                        or translate(encode(decode(v_value ->> 'base64', 'base64'), 'base64'), E'\n', '') <> v_value ->> 'base64' then
                    raise exception 'the value of header % is not {"base64": …} with padding', v_count using errcode = 'data_exception';
                end if;
            else
                raise exception 'the value of header % is not a string, null or {"base64": …}', v_count using errcode = 'data_exception';
        end case;
        v_count := v_count + 1;
    end loop;
    if v_count = 0 then
        return null;
    end if;
    perform json_strip_nulls(p_headers);
    return p_headers::text;
exception
    when data_exception or statement_too_complex then
        raise exception 'headers: %', sqlerrm using errcode = 'TM087';
end
$$;

-- Stages one record in the caller's transaction, checked so that nothing can be refused later. What ${schema}.produce does, whatever the types of its
-- arguments. TM089 while the log is full.
--
-- Inserts one row, and takes one lock, shared with all other callers, that keeps the topic's types as they are until the transaction ends.
create or replace function ${internal}.stage_record(
    p_topic text, p_key bytea, p_key_is text, p_value bytea, p_value_is text, p_headers json, p_partition int, p_timestamp timestamptz
) returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as
$$
declare
    c_origin     constant oid := '${internal}.staged_0'::regclass::oid;
    -- 9999-12-31T23:59:59.999Z, the last that RFC 3339 can write.
    c_latest     constant bigint := 253402300799999;
    t            record;
    v_now        timestamptz := clock_timestamp();
    v_timestamp  timestamptz;
    v_now_ms     bigint;
    v_ms         bigint;
    v_latest_ms  bigint;
    v_first_ms   bigint;
    v_headers    text;
    v_bytes      bigint;
    v_id         bigint;
    v_number     int;
begin
    if p_topic is null then
        raise exception 'the topic is null' using errcode = 'TM003';
    end if;
    -- Before the topic is read; see change_types. By the name, whose length and characters matter to nobody here.
    perform pg_advisory_xact_lock_shared(c_origin::int, hashtext(p_topic));
    select o.topic_id, o.partition_count, o.key_type, o.value_type,
           coalesce((o.configs ->> 'max.message.bytes')::bigint, 1048588) as max_bytes,
           coalesce(o.configs ->> 'message.timestamp.type', 'CreateTime') = 'LogAppendTime' as is_stamped,
           coalesce((o.configs ->> 'message.timestamp.after.max.ms')::bigint, 3600000) as after_max_ms,
           coalesce((o.configs ->> 'message.timestamp.before.max.ms')::bigint, 9223372036854775807) as before_max_ms,
           -- As a server with TIDEMARK_MAX_LOG_BYTES has found, which says so again every few seconds.
           exists (select from ${internal}.housekeeping h where h.task = 'log full' and h.until > v_now) as is_log_full
    into t
    from ${internal}.topic o where o.name = p_topic and o.deleted_at is null;
    if not found then
        raise exception 'there is no topic "%"', left(p_topic, 249) using errcode = 'TM003';
    end if;
    if t.is_log_full then
        raise exception 'the log takes as much on disk as it may (TIDEMARK_MAX_LOG_BYTES); records are taken again when it has room' using errcode = 'TM089';
    end if;
    if p_partition not between 0 and t.partition_count - 1 then
        raise exception 'topic % has no partition %, only 0 to %', p_topic, p_partition, t.partition_count - 1 using errcode = 'TM003';
    end if;

    if t.key_type <> 'bytes' and p_key_is = 'bytes' and p_key is not null then
        perform ${internal}.require_type('key', p_key, t.key_type);
    end if;
    if p_value is not null and t.value_type <> 'bytes'
            and (p_value_is = 'bytes' or t.value_type = 'json') then
        perform ${internal}.require_type('value', p_value, t.value_type);
    end if;
    if p_headers is not null then
        v_headers := ${internal}.record_headers(p_headers);
    end if;
    v_bytes := coalesce(octet_length(p_key), 0)::bigint + coalesce(octet_length(p_value), 0) + coalesce(octet_length(v_headers), 0);
    if v_bytes > t.max_bytes then
        raise exception 'key, value and headers have % bytes, max.message.bytes is %', v_bytes, t.max_bytes using errcode = 'TM010';
    end if;

    v_timestamp := date_trunc('milliseconds', v_now);
    if p_timestamp is not null and not t.is_stamped then
        v_now_ms := floor(extract(epoch from v_now) * 1000);
        v_latest_ms := case when t.after_max_ms > c_latest then c_latest else least(c_latest, v_now_ms + t.after_max_ms) end;
        v_first_ms := case when t.before_max_ms > v_now_ms then 0 else v_now_ms - t.before_max_ms end;
        v_ms := case when isfinite(p_timestamp) then floor(extract(epoch from p_timestamp) * 1000) end;
        if v_ms is null or v_ms not between v_first_ms and v_latest_ms then
            raise exception 'timestamp % is not from % to %, where message.timestamp.before.max.ms and message.timestamp.after.max.ms put the bounds',
                p_timestamp, timestamptz 'epoch' + v_first_ms * interval '1 ms', timestamptz 'epoch' + v_latest_ms * interval '1 ms'
                using errcode = 'TM032';
        end if;
        v_timestamp := date_trunc('milliseconds', p_timestamp);
    end if;

    v_id := nextval('${internal}.staged_id');
    select c.number into v_number from ${internal}.staged_current c;
    if v_number = 0 then
        insert into ${internal}.staged_0 (id, xid, "timestamp", staged_at, topic_id, partition, origin, key, value, headers, principal)
        values (v_id, pg_current_xact_id(), v_timestamp, v_now, t.topic_id, p_partition, c_origin, p_key, p_value, v_headers, session_user);
    else
        insert into ${internal}.staged_1 (id, xid, "timestamp", staged_at, topic_id, partition, origin, key, value, headers, principal)
        values (v_id, pg_current_xact_id(), v_timestamp, v_now, t.topic_id, p_partition, c_origin, p_key, p_value, v_headers, session_user);
    end if;
    return v_id;
end
$$;
