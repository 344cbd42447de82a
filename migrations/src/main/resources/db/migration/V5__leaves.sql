-- Leaves that are to go, and what all of it takes on disk.

-- Leaves that are in no catalogue of segments any more and wait to be detached and dropped, by housekeeping, when nobody reads their topic.
create table ${internal}.retired_leaf (
    leaf       regclass    primary key,
    topic_id   int         not null,
    retired_at timestamptz not null default now()
);
create index retired_leaf_topic on ${internal}.retired_leaf (topic_id);
insert into ${internal}.retired_leaf (leaf, topic_id)
select i.inhrelid, t.topic_id
from ${internal}.topic t
join pg_catalog.pg_inherits i on i.inhparent = to_regclass(format('${internal}.topic_%s', t.topic_id))
where t.deleted_at is not null;

-- What a sealed leaf takes on disk, with its indexes and its large values: measured once, since nothing is appended to it any more.
alter table ${internal}.segment add column disk_bytes bigint;

-- Who does a piece of housekeeping, until when: a lease, because what it does cannot stand in one database transaction.
create table ${internal}.housekeeping (
    task   text collate "C" primary key,
    holder uuid        not null,
    until  timestamptz not null
);

-- What everything of ours takes on disk, as somebody measured it last.
create table ${internal}.log_size (
    one_row          boolean primary key default true check (one_row),
    disk_bytes       bigint      not null,
    topics           int         not null,
    segments         int         not null,
    retired_segments int         not null,
    measured_at      timestamptz not null,
    took_ms          bigint      not null
);
