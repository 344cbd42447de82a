package dev.tidemark.server.postgres;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;

/**
 * Sees to it that commits which wait for a synchronous standby that is away do not become ever more: PostgreSQL keeps a session for each, with its locks, whether or not anybody is there to be
 * answered. Once one was not answered, no other is begun while any still waits. For commits that are not the append lanes', which know more of theirs. Thread-safe.
 */
public final class StandbyWaits {
    /** Longer than a standby that is there takes. */
    private static final String WAITING = """
            select count(*) from pg_stat_activity
            where datname = current_database() and usename = current_user and wait_event = 'SyncRep' and state_change < clock_timestamp() - interval '500 ms'
            """;

    private final Database database;
    private volatile boolean suspected;

    public StandbyWaits(Database database) {
        this.database = database;
    }

    /** A commit was not answered. */
    public void unanswered() {
        suspected = true;
    }

    /** To be called before one is begun. @throws ApiException BROKER_NOT_AVAILABLE while others wait, or when that cannot be found out */
    public void requireNone() {
        if (!suspected) {
            return;
        }
        Long waiting = database.query(jooq -> jooq.fetchSingle(WAITING).into(Long.class));
        if (waiting > 0) {
            throw new ApiException(
                    ErrorCode.BROKER_NOT_AVAILABLE,
                    "not tried: commits before it wait, as it seems, for the synchronous standby");
        }
        suspected = false;
    }
}
