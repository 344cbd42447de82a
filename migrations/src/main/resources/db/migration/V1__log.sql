-- The record log: topics, partitions, segments, batches and leader epochs.
--
-- Placeholders: ${internal} tables and internal functions, ${schema} what users may call, ${topic_schema} one view a topic.
-- Records themselves lie in one partitioned table a topic, made by ${internal}.create_topic; its leaves are the segments.

create table ${internal}.topic (
    topic_id        int generated always as identity primary key,
    topic_uuid      uuid        not null default gen_random_uuid() unique,
    name            text collate "C" not null,
    -- The view in ${topic_schema}: the topic's name, shortened where PostgreSQL's 63 bytes do not hold it.
    relation_name   name        not null,
    partition_count int         not null check (partition_count between 1 and 10000),
    -- Only what was set; defaults live in the server.
    configs         jsonb       not null default '{}' check (jsonb_typeof(configs) = 'object'),
    key_type        text        not null check (key_type in ('bytes', 'text')),
    value_type      text        not null check (value_type in ('bytes', 'text', 'json')),
    created_at      timestamptz not null default now(),
    -- Set by delete; the tables are dropped afterwards, by housekeeping, when nobody reads them.
    deleted_at      timestamptz
);
create unique index topic_name on ${internal}.topic (name) where deleted_at is null;
create unique index topic_relation_name on ${internal}.topic (relation_name) where deleted_at is null;

-- partition_id is what advisory locks are taken on; it never leaves the database and the server. Traffic never updates these rows.
create table ${internal}.partition (
    partition_id     int generated always as identity primary key,
    topic_id         int    not null references ${internal}.topic,
    partition        int    not null check (partition >= 0),
    log_start_offset bigint not null default 0 check (log_start_offset >= 0),
    unique (topic_id, partition)
);

-- The catalogue of segments. A segment is made before it is needed and knows its bounds from then on; what it holds is written once, when sealed.
create table ${internal}.segment (
    partition_id  int         not null,
    base_offset   bigint      not null,
    upper_bound   bigint      not null, -- exclusive
    leaf          regclass    not null,
    created_at    timestamptz not null default now(),
    sealed_at     timestamptz,
    min_timestamp timestamptz,
    max_timestamp timestamptz,
    bytes         bigint,
    primary key (partition_id, base_offset),
    check (upper_bound > base_offset),
    check ((sealed_at is null) = (bytes is null))
);

-- One row a producer batch, insert-only: the log's index. The log end is base_offset + record_count of a partition's last row, so a partition's
-- newest row is never deleted.
create table ${internal}.batch (
    base_offset    bigint      not null,
    min_timestamp  timestamptz not null,
    max_timestamp  timestamptz not null,
    -- PostgreSQL's clock, taken under the partition's lock; never backwards within a partition.
    appended_at    timestamptz not null,
    producer_id    bigint,
    -- Of keys, values and headers, with what a row adds to them.
    bytes          bigint      not null,
    partition_id   int         not null,
    record_count   int         not null check (record_count > 0),
    -- A block of the leaf's file that the batch's first record is seldom before, from the file's size when it was reserved. A hint for fetches, which
    -- check it.
    first_block    int         not null,
    base_sequence  int,
    leader_epoch   int         not null,
    producer_epoch smallint,
    -- One per database transaction's attempt; tells whether a COMMIT whose answer was lost took place.
    append_id      uuid        not null,
    principal      text collate "C",
    primary key (partition_id, base_offset)
) with (autovacuum_freeze_min_age = 0);
create index batch_producer on ${internal}.batch (partition_id, producer_id, base_offset) where producer_id is not null;

create sequence ${internal}.producer_id as bigint;

-- Our own counter: a new row whenever this is not the database it was, or by command.
create table ${internal}.leader_epoch (
    leader_epoch      int         primary key,
    system_identifier bigint      not null,
    timeline_id       int         not null,
    reason            text        not null,
    started_at        timestamptz not null default now()
);

create table ${internal}.cluster (
    cluster_id        uuid not null default gen_random_uuid(),
    created_at        timestamptz not null default now(),
    -- The schemas this was set up with: a server configured with others is refused.
    schema_name       name not null default '${schema}',
    topic_schema_name name not null default '${topic_schema}',
    one_row           boolean primary key default true check (one_row)
);
insert into ${internal}.cluster default values;
