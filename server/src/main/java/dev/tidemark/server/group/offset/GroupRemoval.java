package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.postgres.Database;

/** Deletes groups that have no members. */
final class GroupRemoval {
    private final Database database;

    GroupRemoval(Database database) {
        this.database = database;
    }

    /** @throws ApiException GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, BROKER_NOT_AVAILABLE */
    void delete(String group) {
        GroupLocks.patiently(() -> database.query(jooq -> {
            Routines.deleteGroup(jooq.configuration(), group);
            return null;
        }));
    }
}
