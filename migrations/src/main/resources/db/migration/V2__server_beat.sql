-- Which servers live: each says about once a second that it is there.
--
-- Insert-only. The newest rows lie at the high end of the key, where lookups read, and old ones are deleted at its low end, so a snapshot held open
-- for hours makes neither a beat nor a lookup slower. What servers are to tell each other about once a second, such as the members of consumer
-- groups they have heard, belongs into further columns, or into a table with the same key.
create table ${internal}.server_beat (
    -- PostgreSQL's clock: those of the servers need not agree.
    beat_at    timestamptz not null default clock_timestamp(),
    server_id  uuid        not null,
    -- Where it is reached; null in the last row of a server that has stopped.
    address    text collate "C",
    version    text collate "C" not null,
    started_at timestamptz not null,
    -- Whether it hears what others append by LISTEN.
    listens    boolean     not null,
    primary key (beat_at, server_id)
);
