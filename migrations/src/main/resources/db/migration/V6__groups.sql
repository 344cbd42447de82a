-- Consumer groups: members, who owns which partition, and the offsets they have committed.
--
-- Membership changes under the group's advisory lock (the oid of consumer_group, group_id) and is rare. Heartbeats write nothing here: each server tells in
-- its row of server_beat whom it has heard. Offset commits are rows inserted, never updated: see offset_commit.

create table ${internal}.consumer_group (
    group_id      int generated always as identity primary key,
    name          text collate "C" not null,
    generation_id int         not null default 0,
    -- Another with every change that a server which remembers the group must hear of.
    state_version bigint      not null default 0,
    created_at    timestamptz not null default now(),
    -- Since when it has had no members; null while it has some.
    emptied_at    timestamptz default now(),
    -- Set by delete; what belongs to it is deleted afterwards, by housekeeping.
    deleted_at    timestamptz
);
create unique index consumer_group_name on ${internal}.consumer_group (name) where deleted_at is null;

create table ${internal}.group_member (
    -- What servers tell each other in their beats; never leaves the database and the servers.
    member_no             int generated always as identity primary key,
    group_id              int         not null references ${internal}.consumer_group,
    member_id             text collate "C" not null,
    group_instance_id     text collate "C",
    client_id             text collate "C",
    principal             text collate "C" not null,
    -- Either names or a pattern.
    topics                text[],
    pattern               text,
    -- Names, or beginnings of names followed by *, of the topics its principal could read when it was heard last: nobody else's count for it.
    readable              text[]      not null,
    assignor              text        not null,
    session_timeout_ms    int         not null,
    rebalance_timeout_ms  int         not null,
    heartbeat_interval_ms int         not null,
    joined_at             timestamptz not null default clock_timestamp(),
    -- The partitions (partition_id) it is to own in the group's current generation.
    target                int[]       not null default '{}',
    -- Since when it has been asked to let go of a partition and has not; null when it has nothing to let go of.
    revoking_since        timestamptz,
    unique (group_id, member_id),
    unique (group_id, group_instance_id),
    check ((topics is null) <> (pattern is null))
);

-- Those who are members no more, and why. Insert-only; old rows are deleted at the low end.
create table ${internal}.past_member (
    past_member_id    bigint generated always as identity primary key,
    group_id          int         not null,
    member_id         text collate "C" not null,
    group_instance_id text collate "C",
    joined_at         timestamptz not null,
    left_at           timestamptz not null default clock_timestamp(),
    reason            text        not null check (reason in ('left', 'session timeout', 'rebalance timeout', 'replaced'))
);
create index past_member_id on ${internal}.past_member (group_id, member_id);

-- A partition as a group sees it, made when it first matters to the group. group_partition_id is what the advisory lock of (group, partition) is taken on, in
-- the class of this table: shared by whoever commits offsets, until its database transaction ends; exclusively by whoever gives the partition away.
-- The owner changes with that lock held exclusively and in no other way.
create table ${internal}.group_partition (
    group_partition_id int generated always as identity primary key,
    group_id           int not null references ${internal}.consumer_group,
    -- Without a foreign key: topics are removed without asking groups.
    partition_id       int not null,
    owner_member_id    text collate "C",
    -- The generation in which the owner got it: commits of an older one are from before.
    owner_generation   int,
    owned_since        timestamptz,
    -- When its last owner lost it.
    released_at        timestamptz,
    unique (group_id, partition_id),
    check ((owner_member_id is null) = (owner_generation is null) and (owner_member_id is null) = (owned_since is null))
);

-- Who owned it before, from when until when. Insert-only; intervals of one partition never overlap.
create table ${internal}.past_ownership (
    past_ownership_id  bigint generated always as identity primary key,
    group_partition_id int         not null,
    member_id          text collate "C" not null,
    generation_id      int         not null,
    owned_from         timestamptz not null,
    owned_until        timestamptz not null,
    check (owned_until >= owned_from)
);
create index past_ownership_partition on ${internal}.past_ownership (group_partition_id, owned_from);

-- Drawn under the lock of (group, partition), so that of two owners the later one's are always greater. One by one: PostgreSQL must not hand out ranges.
create sequence ${internal}.offset_commit_sequence as bigint cache 1;

-- Offsets committed; the one with the greatest commit_sequence counts, the others are history. Insert-only; superseded rows are deleted, when old, at the low
-- end of each partition's part of the key.
create table ${internal}.offset_commit (
    commit_sequence    bigint      not null,
    committed_at       timestamptz not null,
    committed_offset   bigint      not null check (committed_offset >= 0),
    group_partition_id int         not null,
    -- Null without a member.
    generation_id      int,
    leader_epoch       int,
    -- Null for a commit; else how it came about: 'transaction' in the caller's own database transaction, 'atomic' with records, 'reset'.
    kind               text check (kind in ('transaction', 'atomic', 'reset')),
    member_id          text collate "C",
    metadata           text,
    principal          text collate "C",
    primary key (group_partition_id, commit_sequence)
) with (autovacuum_freeze_min_age = 0);

-- The members a server has heard since its last beat, and how long before this one. Null of servers that know of no groups.
alter table ${internal}.server_beat
    add column member_nos int[],
    add column heard_ms_ago int[];
