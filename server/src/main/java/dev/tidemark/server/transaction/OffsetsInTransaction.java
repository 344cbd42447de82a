package dev.tidemark.server.transaction;

import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.postgres.SchemaNames;

/** The door to committing a group's offsets in the same database transaction as an append. Thread-safe. */
@FunctionalInterface
public interface OffsetsInTransaction {
    /**
     * The commit as work to take place with an append. Refused with the group's own errors, such as UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION; safe to do twice.
     *
     * @param principal who asks
     */
    Companion commit(GroupCommit commit, String principal);

    /** By the database's function for it. */
    static OffsetsInTransaction inDatabase(SchemaNames schemas) {
        return new CommitFunction(schemas);
    }
}
