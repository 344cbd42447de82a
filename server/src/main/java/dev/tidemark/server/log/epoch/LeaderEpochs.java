package dev.tidemark.server.log.epoch;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.schema.tidemark_internal.tables.records.EnsureLeaderEpochRecord;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader epoch this server believes to be the current one. Every append and every read names it to PostgreSQL, which refuses another than the
 * current; then this asks for the current one, and what is remembered of the log is forgotten when it is new. Thread-safe.
 */
public final class LeaderEpochs {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderEpochs.class);

    private static final String NO_REASON = "";

    /** Between two tries the epoch would have to change again, or another session to end. */
    private static final int MAX_TRIES = 5;

    /** A session that has ended says so at once; one that was waited for in vain is not tried for again. */
    private static final long ANOTHER_SESSION_WITHIN_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Database database;
    private final Tail tail;
    private volatile LeaderEpoch current;

    /** Blocks on the database, whose schema is up to date. */
    public LeaderEpochs(Database database, Tail tail, MeterRegistry registry) {
        this.database = database;
        this.tail = tail;
        this.current = ask(NO_REASON);
        Gauge.builder("tidemark.leader.epoch", this, epochs -> epochs.current().number())
                .description(
                        "The leader epoch this server knows of; a new one begins when PostgreSQL was restored or failed over")
                .register(registry);
    }

    public LeaderEpoch current() {
        return current;
    }

    /**
     * What needs the current epoch: PostgreSQL refuses it with {@link SqlStates#UNKNOWN_LEADER_EPOCH} in any other, as an SQLException, or a DataAccessException of one. It
     * throws these only where nothing was done, or where that may be done twice.
     */
    public interface Work<T, E extends Exception> {
        T in(LeaderEpoch epoch) throws E;
    }

    /**
     * Does it in the current epoch, and again where that turns out to be another by now, or where its session has ended, as all have when PostgreSQL was
     * started again. Blocks on the database.
     *
     * @throws E the work's own
     * @throws ApiException BROKER_NOT_AVAILABLE when the current epoch could not be asked for
     */
    public <T, E extends Exception> T inCurrent(Work<T, E> work) throws E {
        long startNanos = System.nanoTime();
        for (int tries = 1; ; tries++) {
            LeaderEpoch epoch = current;
            try {
                return work.in(epoch);
            } catch (Exception e) {
                SQLException failure = ofTheDatabase(e);
                boolean otherEpoch = failure != null && SqlStates.state(failure).equals(SqlStates.UNKNOWN_LEADER_EPOCH);
                boolean again = otherEpoch || failure != null && isAnotherSessionDue(failure, startNanos);
                if (tries == MAX_TRIES || !again) {
                    throw e;
                }
                if (otherEpoch) {
                    renew(epoch);
                }
            }
        }
    }

    /** Null for what others have made of a failure: they know whether anything was done. */
    private static @Nullable SQLException ofTheDatabase(Exception e) {
        return e instanceof SQLException || e instanceof DataAccessException ? SqlStates.sqlException(e) : null;
    }

    private static boolean isAnotherSessionDue(SQLException failure, long startNanos) {
        return SqlStates.isSessionLost(failure) && System.nanoTime() - startNanos < ANOTHER_SESSION_WITHIN_NANOS;
    }

    /** Asks for the current one, unless somebody has since that one was. */
    private synchronized void renew(LeaderEpoch refused) {
        if (current.equals(refused)) {
            current = Database.repeatably(() -> ask(NO_REASON));
        }
    }

    /**
     * Begins a new epoch: what an operator does after PostgreSQL was put back to an older state that nothing shows. Blocks on the database.
     *
     * @param reason kept with the epoch
     * @return the new epoch's number
     */
    public synchronized int begin(String reason) {
        current = ask(reason);
        return current.number();
    }

    private LeaderEpoch ask(String reason) {
        Map<Integer, Long> known = tail.knownEnds();
        Integer[] partitionIds = known.keySet().toArray(Integer[]::new);
        Long[] logEnds = known.values().toArray(Long[]::new);
        EnsureLeaderEpochRecord answer = ensure(partitionIds, logEnds, reason);
        LeaderEpoch epoch = new LeaderEpoch(answer.getLeaderEpoch(), answer.getRunId());
        if (answer.getReason() != null && epoch.number() > 0) {
            LOG.warn("leader epoch begun leader_epoch={} reason=\"{}\"", epoch.number(), answer.getReason());
        } else {
            LOG.info("leader epoch entered leader_epoch={} run_id={}", epoch.number(), epoch.runId());
        }
        tail.enter(epoch.number());
        return epoch;
    }

    private EnsureLeaderEpochRecord ensure(Integer[] partitionIds, Long[] logEnds, String reason) {
        try {
            return database.transaction(
                            jooq -> Routines.ensureLeaderEpoch(jooq.configuration(), partitionIds, logEnds, reason))
                    .get(0);
        } catch (DataAccessException e) {
            SQLException cause = SqlStates.sqlException(e);
            if (cause != null && SqlStates.state(cause).equals(SqlStates.LOCK_NOT_AVAILABLE)) {
                throw SqlStates.unavailable(cause);
            }
            throw e;
        }
    }
}
