-- A client may number its commits: those of one member grow, and a repetition has its first one's. So a commit that a server carries out late, when a later
-- one counts already, is known for what it is, and changes nothing. Null where the client did not number it.
alter table ${internal}.offset_commit
    add column commit_number bigint check (commit_number >= 0);
