-- What callers have produced inside transactions of their own and is committed, but not in the log yet; of the topics that the reader may read.
create or replace view ${schema}.staged as
select t.topic,
       count(*) as records,
       sum(s.bytes)::bigint as bytes,
       min(s.staged_at) as oldest_staged_at,
       clock_timestamp() - min(s.staged_at) as age
from (select n.snapshot, n.after_id, case when n.after_id is null then n.snapshot else n.last_snapshot end as done
      from ${internal}.staged_position n order by n.position_id desc limit 1) p
cross join lateral (
    select r.id, r.xid, r.topic_id, r.staged_at,
           coalesce(octet_length(r.key), 0) + coalesce(octet_length(r.value), 0) + coalesce(octet_length(r.headers), 0) as bytes
    from (select * from ${internal}.staged_0 union all select * from ${internal}.staged_1) r
    where not pg_visible_in_snapshot(r.xid, p.done) and (p.after_id is null or r.id > p.after_id or not pg_visible_in_snapshot(r.xid, p.snapshot))) s
join ${internal}.topic i on i.topic_id = s.topic_id
join ${schema}.topics t on t.topic_id = i.topic_uuid
group by t.topic;

do
$$
declare
    v_function regprocedure;
begin
    if to_regrole('tidemark_reader') is not null then
        grant select on ${schema}.staged to tidemark_reader;
    end if;
    if to_regrole('tidemark_writer') is not null then
        for v_function in
            select p.oid::regprocedure from pg_proc p where p.pronamespace = to_regnamespace('${schema}') and p.proname = 'produce'
        loop
            execute format('grant execute on function %s to tidemark_writer', v_function);
        end loop;
    end if;
end
$$;
