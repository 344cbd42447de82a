package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.SchemaNames;
import dev.tidemark.server.testing.CuttingProxy;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Connections that break while an append commits. Whatever was told, and whatever was not, each batch is in the log once. */
@Timeout(60)
class UnknownOutcomeTest {
    /** Too many for one statement, so that they are copied and then committed. */
    private static final int MANY = 600;

    private static final String SMALL_APPEND = "with place as materialized";
    private static final String RESERVE = ".reserve(";
    private static final String COPY = "copy ";
    private static final String COMMIT = "COMMIT";
    private static final String OUTCOME = "append_outcome";

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private CuttingProxy proxy;
    private Database connections;
    private TestLog log;

    @BeforeEach
    void start() throws Exception {
        proxy = new CuttingProxy(database.jdbcUrl());
        DatabaseConfig config = new DatabaseConfig(proxy.jdbcUrl(), null, null, 4, 0, SchemaNames.DEFAULT);
        connections = Database.open(config, new SimpleMeterRegistry(), Duration.ofSeconds(10));
        log = new TestLog(connections);
    }

    @AfterEach
    void stop() throws Exception {
        log.close();
        connections.close();
        proxy.close();
    }

    private static String[] many(String prefix) {
        return IntStream.range(0, MANY).mapToObj(i -> prefix + i).toArray(String[]::new);
    }

    private Topic topicWithOneRecord() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "first"));
        return topic;
    }

    private void assertAppendedOnce(Topic topic, String[] values) throws Exception {
        assertThat(log.append(topic, batch(0, values))).containsExactly(new Appended(1, -1, false));
        assertThat(proxy.hasCut()).isTrue();
        List<String> expected = new ArrayList<>(List.of("first"));
        expected.addAll(List.of(values));
        assertThat(log.values(topic, 0, 0)).isEqualTo(expected);
    }

    @Test
    void smallAppendWhoseAnswerIsLostIsFoundAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutAnswerTo(SMALL_APPEND);
        assertAppendedOnce(topic, new String[] {"a", "b"});
    }

    @Test
    void smallAppendThatNeverArrivedIsDoneAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutInsteadOf(SMALL_APPEND);
        assertAppendedOnce(topic, new String[] {"a", "b"});
    }

    @Test
    void outcomeIsAskedForAgainWhereTheSessionThatAskedIsCutToo() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutAnswerTo(SMALL_APPEND);
        proxy.cutInsteadOf(OUTCOME);
        proxy.cutAnswerTo(OUTCOME);
        assertAppendedOnce(topic, new String[] {"a", "b"});
    }

    @Test
    void outcomeOfAnAppendThatNeverArrivedIsTheSameWhenItIsAskedForAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutInsteadOf(SMALL_APPEND);
        proxy.cutAnswerTo(OUTCOME);
        assertAppendedOnce(topic, new String[] {"a", "b"});
    }

    @Test
    void laneGoesOnBehindAnAppendThatWasNotedAsAbandonedWithoutAnAnswer() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutInsteadOf(SMALL_APPEND);
        for (int session = 0; session < AppendTransaction.MAX_SESSIONS; session++) {
            proxy.cutAnswerTo(OUTCOME);
        }
        assertOutcomeIsUnknown(log.append(topic, batch(0, "lost")));
        assertAppendedOnce(topic, new String[] {"a", "b"});
    }

    @Test
    void laneGoesOnBehindAnAppendThatCannotBeAskedFor() throws Exception {
        Topic topic = topicWithOneRecord();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "alter table tidemark_internal.abandoned_append add constraint none check (false) not valid");
            try {
                proxy.cutInsteadOf(SMALL_APPEND);
                assertOutcomeIsUnknown(log.append(topic, batch(0, "lost")));
                assertAppendedOnce(topic, new String[] {"a", "b"});
            } finally {
                statement.execute("alter table tidemark_internal.abandoned_append drop constraint none");
            }
        }
    }

    private static void assertOutcomeIsUnknown(List<BatchOutcome> outcomes) {
        assertThat(outcomes)
                .singleElement()
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.error()).isEqualTo(ErrorCode.REQUEST_TIMED_OUT));
    }

    @Test
    void transactionThatLosesItsSessionBeforeTheCommitIsDoneAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutInsteadOf(RESERVE);
        proxy.cutAnswerTo(COPY);
        assertAppendedOnce(topic, many("v"));
    }

    @Test
    void commitWhoseAnswerIsLostIsFoundAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutAnswerTo(COMMIT);
        assertAppendedOnce(topic, many("v"));
    }

    @Test
    void commitThatNeverArrivedIsDoneAgain() throws Exception {
        Topic topic = topicWithOneRecord();
        proxy.cutInsteadOf(COMMIT);
        assertAppendedOnce(topic, many("v"));
    }

    @Test
    void batchesOfALostAnswerAreToldApart() throws Exception {
        Topic topic = log.topic(2, Map.of());
        log.append(topic, batch(0, "first"));
        log.append(topic, batch(1, "first"));
        long producer = log.log().newProducer().producerId();
        // Alike in everything the log keeps of them, but one goes with a batch that is refused.
        CompletableFuture<List<BatchOutcome>> refused;
        CompletableFuture<List<BatchOutcome>> appended;
        try (Connection blocker = database.connect()) {
            PartitionLock.hold(blocker, topic, 0);
            CompletableFuture<List<BatchOutcome>> ahead = log.send(topic, batch(0, "ahead"));
            PartitionLock.awaitWaiter(blocker, topic, 0);
            refused = log.sendAtomically(topic, batch(0, "same"), batch(1, producer, 0, 7, "gap"));
            appended = log.send(topic, batch(0, "same"));
            blocker.rollback();
            ahead.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            proxy.cutAnswerTo(SMALL_APPEND);
        }
        assertThat(appended.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)).containsExactly(new Appended(2, -1, false));
        assertThat(refused.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS))
                .anySatisfy(outcome -> assertThat(outcome)
                        .isInstanceOfSatisfying(
                                Refused.class,
                                why -> assertThat(why.error()).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "ahead", "same");
        assertThat(log.values(topic, 1, 0)).containsExactly("first");
    }

    @Test
    void outcomeThatCannotBeHadIsSaidToBeUnknownAndARetryIsToldWhereItIs() throws Exception {
        Topic topic = topicWithOneRecord();
        long producer = log.log().newProducer().producerId();
        proxy.goAwayInsteadOfAnswering(SMALL_APPEND);

        assertOutcomeIsUnknown(log.append(topic, batch(0, producer, 0, 0, "a")));
        assertThat(proxy.hasCut()).isTrue();
        proxy.comeBack();
        awaitConnections();
        assertThat(appendedAgain(topic, producer)).containsExactly(new Appended(1, -1, true));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    /** For reads; appends have connections of their own. */
    private void awaitConnections() {
        await().atMost(Duration.ofSeconds(20))
                .ignoreExceptionsInstanceOf(SQLException.class)
                .until(() -> {
                    try (Connection connection = connections.connection()) {
                        return connection.isValid(10);
                    }
                });
    }

    /** Until PostgreSQL is found to be there again. */
    private List<BatchOutcome> appendedAgain(Topic topic, long producer) throws Exception {
        return await().atMost(Duration.ofSeconds(20))
                .until(
                        () -> log.append(topic, batch(0, producer, 0, 0, "a")),
                        outcomes -> outcomes.get(0) instanceof Appended);
    }

    @Test
    void appendIsFoundThoughThePostgresClockWasSetForwardSince() throws Exception {
        Topic topic = topicWithOneRecord();
        log.append(topic, batch(0, "a", "b"));
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("update tidemark_internal.batch set appended_at = appended_at - interval '1 hour'"
                    + " where partition_id = " + topic.partitionId(0));
        }
        assertThat(database.string("select o.base_offset from tidemark_internal.batch b,"
                        + " lateral tidemark_internal.append_outcome(array[b.partition_id], b.append_id, '2000', 'all', 60000) o"
                        + " where b.partition_id = " + topic.partitionId(0) + " and b.base_offset = 1"))
                .isEqualTo("1");
    }

    @Test
    void outcomeIsHadBesideAnotherThatForgetsOldOnesAndWaitsInItsCommit() throws Exception {
        Topic topic = topicWithOneRecord();
        String question = "select tidemark_internal.append_outcome(array[%s], gen_random_uuid(), '500', 'all', 60000)";
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into tidemark_internal.abandoned_append (append_id, abandoned_at)"
                    + " values (gen_random_uuid(), now() - interval '2 days')");
            connection.setAutoCommit(false);
            statement.execute(question.formatted(0));
            assertThat(database.string(
                            "select count(*) from (" + question.formatted(topic.partitionId(0)) + ") batches"))
                    .isEqualTo("0");
        }
    }

    @Test
    void appendThatWasGivenUpDoesNotTakePlaceLater() throws Exception {
        Topic topic = topicWithOneRecord();
        String appendId = "00000000-0000-0000-0000-0000000000aa";
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("select tidemark_internal.append_outcome(array[" + topic.partitionId(0) + "], '"
                    + appendId + "', '2000', 'all', 60000)");
            assertThatThrownBy(() -> statement.execute(
                            "select r.* from tidemark_internal.postgres_run p, lateral tidemark_internal.reserve(array["
                                    + topic.partitionId(0)
                                    + "], array[0], array[1], array[10::bigint], array[0], array[0::bigint],"
                                    + " array[0::bigint], array[null::bigint], array[null::smallint], array[null::int],"
                                    + " array[null::text], '" + appendId
                                    + "', p.leader_epoch, p.run_id, '2000', 'all') r"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("TM075"));
        }
        assertThat(log.values(topic, 0, 0)).containsExactly("first");
    }
}
