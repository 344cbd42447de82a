package dev.tidemark.server.topic;

import static dev.tidemark.schema.tidemark_internal.Tables.TOPIC;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.schema.tidemark_internal.tables.records.RemovalStepRecord;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jooq.exception.DataAccessException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes deleted topics' tables away, step by step, waiting for nobody: the SQL function {@code removal_step} decides what is next. Of several servers one
 * does it at a time. One thread's.
 */
final class TopicRemoval {
    private static final Logger LOG = LoggerFactory.getLogger(TopicRemoval.class);

    private static final String TASK = "remove deleted topics";

    /** So that other housekeeping has its turn. */
    private static final Duration ROUND = Duration.ofSeconds(20);

    /** Above a round and its last step. */
    private static final Duration LEASE = Duration.ofSeconds(60);

    /**
     * A bound on a statement outside a transaction block. Not {@code lock_timeout}: there it could only be set for the session, and behind a pooler in
     * transaction mode not even that. What is cut off is taken up again by a later step.
     */
    private static final int STATEMENT_TIMEOUT_S = 1;

    /** What getting in somebody's way, or another server's, looks like: a lock not had, cut off in time, detached or dropped meanwhile. */
    private static final Set<String> LATER = Set.of(
            SqlStates.LOCK_NOT_AVAILABLE,
            SqlStates.QUERY_CANCELED,
            SqlStates.OBJECT_NOT_IN_PREREQUISITE_STATE,
            SqlStates.UNDEFINED_TABLE);

    private final Database database;
    private final UUID holder = UUID.randomUUID();

    TopicRemoval(Database database) {
        this.database = database;
    }

    /** Goes as far as it can get now, within a bound; what is being read, or left over, is for the next round. */
    void round() {
        List<Integer> deleted = database.query(jooq -> jooq.select(TOPIC.TOPIC_ID)
                .from(TOPIC)
                .where(TOPIC.DELETED_AT.isNotNull())
                .orderBy(TOPIC.TOPIC_ID)
                .fetch(TOPIC.TOPIC_ID));
        if (deleted.isEmpty() || !claim(LEASE)) {
            return;
        }
        try {
            long start = System.nanoTime();
            for (int topicId : deleted) {
                remove(topicId, start);
            }
        } finally {
            release();
        }
    }

    /** Also when the server stops in mid-round: the lease is there for one that dies. */
    private void release() {
        boolean stopping = Thread.interrupted();
        try {
            claim(Duration.ZERO);
        } finally {
            if (stopping) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Zero gives the lease back. */
    private boolean claim(Duration lease) {
        return Boolean.TRUE.equals(database.query(
                jooq -> Routines.claimHousekeeping(jooq.configuration(), TASK, holder, (int) lease.toMillis())));
    }

    private void remove(int topicId, long roundStart) {
        boolean goesOn = true;
        while (goesOn
                && System.nanoTime() - roundStart < ROUND.toNanos()
                && !Thread.currentThread().isInterrupted()) {
            try {
                goesOn = step(topicId);
            } catch (SQLException | DataAccessException e) {
                SQLException cause = SqlStates.sqlException(e);
                if (cause == null || !LATER.contains(SqlStates.state(cause))) {
                    String why = cause == null ? e.toString() : cause.getMessage();
                    LOG.warn("deleted topic not removed, to be tried again topic_id={}: {}", topicId, why);
                }
                return;
            } catch (ApiException unavailable) {
                LOG.info("deleted topic not removed, to be tried again topic_id={}: {}", topicId, unavailable.detail());
                return;
            }
        }
    }

    /** @return whether to go on with the topic at once */
    private boolean step(int topicId) throws SQLException {
        RemovalStepRecord step = database.transaction(
                jooq -> Routines.removalStep(jooq.configuration(), topicId).get(0));
        switch (step.getOutcome()) {
            case "again" -> {
                return true;
            }
            case "run" -> {
                run(step.getStatement());
                return true;
            }
            case "done" -> LOG.info("deleted topic removed topic_id={}", topicId);
            default -> LOG.debug("deleted topic is in use topic_id={}", topicId);
        }
        return false;
    }

    /** By itself, in autocommit mode: it makes database transactions of its own. Every name in it comes from the catalogue. */
    private void run(String statement) throws SQLException {
        try (Connection connection = database.connection();
                Statement ddl = connection.createStatement()) {
            ddl.setQueryTimeout(STATEMENT_TIMEOUT_S);
            ddl.execute(statement);
        }
    }
}
