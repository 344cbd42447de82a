-- Records that callers produce inside database transactions of their own (${schema}.produce), until a server has put them into the log. See
-- docs/internals/outbox.md.

-- Ids are in the order of the calls; cache 1, so that they are so over sessions too.
create sequence ${internal}.staged_id as bigint cache 1;

-- Two tables alike, so that one can be truncated while callers use the other. Insert-only; both are always read.
create table ${internal}.staged_0 (
    id          bigint           not null,
    -- The caller's transaction: where a row stands among snapshots. In a subtransaction that of the whole.
    xid         xid8             not null,
    "timestamp" timestamptz      not null,
    staged_at   timestamptz      not null,
    topic_id    int              not null,
    partition   int,
    -- The oid of ${internal}.staged_0 where it was staged: elsewhere, after pg_restore, its xid means nothing.
    origin      oid              not null,
    key         bytea,
    value       bytea,
    headers     text collate "C",
    principal   text collate "C" not null
) with (autovacuum_enabled = false);
create index staged_0_xid on ${internal}.staged_0 (xid, id);
create index staged_0_id on ${internal}.staged_0 (id);
alter table ${internal}.staged_0 alter key set storage external, alter value set storage external;

create table ${internal}.staged_1 (like ${internal}.staged_0 including storage) with (autovacuum_enabled = false);
create index staged_1_xid on ${internal}.staged_1 (xid, id);
create index staged_1_id on ${internal}.staged_1 (id);

-- Which of the two callers write to: a hint, changed every few minutes at the most.
create table ${internal}.staged_current (
    one_row boolean     primary key default true check (one_row),
    number  int         not null default 0 check (number in (0, 1)),
    since   timestamptz not null default now()
);
insert into ${internal}.staged_current default values;

-- How far staged records are in the log. Insert-only, the newest row counts, old ones are deleted at the low end.
create table ${internal}.staged_position (
    position_id   bigint      primary key,
    -- All that this snapshot sees is in the log.
    last_snapshot pg_snapshot not null,
    -- Of what this one sees, all (after_id null), or that with an id up to after_id.
    snapshot      pg_snapshot not null,
    after_id      bigint,
    -- Set where there is so much between the two that it is read by id: the highest one.
    last_id       bigint,
    -- The oid of ${internal}.staged_0: another where the schemas came here by pg_restore, and snapshots mean nothing.
    staging_table oid         not null,
    advanced_at   timestamptz not null default clock_timestamp()
);
insert into ${internal}.staged_position (position_id, last_snapshot, snapshot, staging_table)
select 0, pg_current_snapshot(), pg_current_snapshot(), '${internal}.staged_0'::regclass::oid;
