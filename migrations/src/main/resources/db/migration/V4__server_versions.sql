-- Which servers may work on this database, so that those of two versions can run side by side: see docs/operations.md, "Upgrade".
alter table ${internal}.cluster
    -- Older servers do not start. Raised by a migration that takes away what they need.
    add column min_server_version    text not null default '0.1.0' check (min_server_version ~ '^[0-9]+[.][0-9]+[.][0-9]+$'),
    -- The newest that migrated this database. Older servers leave functions and views as they are.
    add column newest_server_version text not null default '0.0.0' check (newest_server_version ~ '^[0-9]+[.][0-9]+[.][0-9]+$');
