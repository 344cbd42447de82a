package dev.tidemark.server.log.append;

import dev.tidemark.server.log.append.AppendTransaction.OutcomeUnknownException;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane's commit that was not answered in time and may still wait for its synchronous standby, and the groups behind it. PostgreSQL keeps a session that waits
 * so, with its locks, whether or not anybody is there to be answered; so while one does, nothing is begun that would wait beside it. Only its lane's thread
 * uses it.
 */
final class StuckCommit {
    private static final Logger LOG = LoggerFactory.getLogger(StuckCommit.class);

    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final AppendTransaction transaction;
    private final long patienceNanos;
    private final Deque<AppendGroup> held = new ArrayDeque<>();
    private @Nullable OutcomeUnknownException stuck;
    private long nextLookNanos;

    /** @param patienceMs how long a group waits behind it, counted from when it was queued */
    StuckCommit(AppendTransaction transaction, long patienceMs) {
        this.transaction = transaction;
        this.patienceNanos = TimeUnit.MILLISECONDS.toNanos(patienceMs);
    }

    /** What has become of the commit could not be found out. One that waits for no standby ends by itself. */
    void begin(OutcomeUnknownException unknown) {
        if (unknown.attempt().acks() == Acks.ALL) {
            stuck = unknown;
            nextLookNanos = System.nanoTime();
        }
    }

    /** The groups that need not wait for it; holds the others. */
    List<AppendGroup> admit(List<AppendGroup> groups) {
        OutcomeUnknownException ahead = stuck;
        if (ahead == null) {
            return groups;
        }
        List<AppendGroup> admitted = new ArrayList<>();
        for (AppendGroup group : groups) {
            if (group.acks() == Acks.ALL || ahead.locks(group)) {
                held.add(group);
            } else {
                admitted.add(group);
            }
        }
        return admitted;
    }

    /** Until somebody that is held has something to hear. */
    long leftNanos() {
        return held.isEmpty() ? Long.MAX_VALUE : nextLookNanos - System.nanoTime();
    }

    /**
     * Looks whether the commit is over, if that is due. It counts as over too where PostgreSQL refuses the question: it would again, for ever.
     *
     * @return the groups that need wait no longer, in the order they came
     * @throws SQLException when it could not be found out, and may be later
     */
    Collection<AppendGroup> released() throws SQLException {
        OutcomeUnknownException ahead = stuck;
        if (held.isEmpty() || ahead == null || leftNanos() > 0) {
            return List.of();
        }
        nextLookNanos = System.nanoTime() + LOOK_EVERY_NANOS;
        if (!isOver(ahead)) {
            return List.of();
        }
        stuck = null;
        return everything();
    }

    private boolean isOver(OutcomeUnknownException ahead) throws SQLException {
        try {
            return transaction.isOver(ahead);
        } catch (SQLException e) {
            if (SqlStates.isUnavailable(e)) {
                throw e;
            }
            // Its locks were free, or it would not have been asked for; and whoever waits for a standby after it is
            // found to be stuck in turn.
            LOG.error(
                    "what became of an append cannot be asked append_id={}",
                    ahead.attempt().appendId(),
                    e);
            return true;
        }
    }

    /** The groups that have waited long enough. */
    Collection<AppendGroup> expired() {
        long now = System.nanoTime();
        List<AppendGroup> expired = new ArrayList<>();
        while (!held.isEmpty() && now - held.element().queuedAtNanos() >= patienceNanos) {
            expired.add(held.remove());
        }
        return expired;
    }

    /** All that are held, who are from then on the caller's. */
    Collection<AppendGroup> everything() {
        List<AppendGroup> all = List.copyOf(held);
        held.clear();
        return all;
    }
}
