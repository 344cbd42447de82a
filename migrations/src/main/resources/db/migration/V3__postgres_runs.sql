-- What tells one run of PostgreSQL from the next, so that a server notices before it appends or reads that what it remembers may not be true any more.

-- One row, made anew by ${internal}.ensure_leader_epoch for every run of PostgreSQL. Unlogged on purpose: after a crash, on a promoted standby and in a
-- restored base backup PostgreSQL itself has emptied it; after an orderly restart the time in it is another.
create unlogged table ${internal}.postgres_run (
    run_id                uuid        primary key default gen_random_uuid(),
    leader_epoch          int         not null,
    postmaster_started_at timestamptz not null,
    -- The oid of ${internal}.batch: another where the schemas came here by pg_restore.
    batch_table           oid         not null
);

alter table ${internal}.leader_epoch
    add column batch_table oid,
    -- Whether an append of this epoch may have been acknowledged before it was durable (acks=0).
    add column unsafe_appends boolean not null default false;

-- The batch's place in its call of ${internal}.reserve, from 1: with append_id it says exactly which batch of which append a row is.
alter table ${internal}.batch add column append_index int;

-- Appends that a server has given up after it lost the answer and found nothing of them: were one still on its way, it must not take place after all.
create table ${internal}.abandoned_append (
    append_id    uuid        primary key,
    abandoned_at timestamptz not null default now()
);

-- Their arguments or results are others now.
drop function if exists ${internal}.ensure_leader_epoch();
drop function if exists ${internal}.reserve(
    int[], int[], int[], bigint[], int[], bigint[], bigint[], bigint[], smallint[], int[], text[], uuid, int, text, text);
drop function if exists ${internal}.log_ranges(int[]);
drop function if exists ${internal}.plan_fetch(int, bigint, bigint, int);
drop function if exists ${internal}.append_outcome(int[], uuid, text);
