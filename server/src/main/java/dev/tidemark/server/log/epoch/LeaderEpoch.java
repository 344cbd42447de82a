package dev.tidemark.server.log.epoch;

import dev.tidemark.schema.tidemark_internal.Routines;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.impl.DSL;

/**
 * A leader epoch, and the run of PostgreSQL it goes on in.
 *
 * @param number grows whenever records that were read may have been lost
 * @param runId another after every start of PostgreSQL; most leave the epoch as it is
 */
public record LeaderEpoch(int number, UUID runId) {
    /** For a query: fails it with {@link dev.tidemark.server.postgres.SqlStates#UNKNOWN_LEADER_EPOCH} where this is not the current one. */
    public Condition required() {
        return DSL.condition(Routines.requireLeaderEpoch(DSL.val(number), DSL.val(runId)));
    }
}
