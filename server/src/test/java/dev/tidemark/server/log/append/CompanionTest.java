package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
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
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Work that takes place with an append, or not at all. */
@Timeout(60)
class CompanionTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private CuttingProxy proxy;
    private Database connections;
    private TestLog log;

    @BeforeEach
    void start() throws Exception {
        execute("drop table if exists note; create table note (text text)");
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

    @Test
    void takesPlaceWithBatchesOfSeveralTopics() throws Exception {
        Topic one = log.topic(1, Map.of());
        Topic other = log.topic(2, Map.of());

        List<BatchOutcome> outcomes = append(note("both"), entry(other, batch(1, "a")), entry(one, batch(0, "b", "c")));

        assertThat(outcomes).containsExactly(new Appended(0, -1, false), new Appended(0, -1, false));
        assertThat(log.values(other, 1, 0)).containsExactly("a");
        assertThat(log.values(one, 0, 0)).containsExactly("b", "c");
        assertThat(notes()).isEqualTo("both");
    }

    private static void assertRefused(List<BatchOutcome> outcomes, ErrorCode error, String detail) {
        assertThat(outcomes)
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("cause")
                .containsExactly(new Refused(error, detail));
    }

    @Test
    void whatItRefusesTakesNeitherPlace() throws Exception {
        Topic topic = log.topic(1, Map.of());

        List<BatchOutcome> outcomes = append(
                connection -> {
                    note("refused").inTransaction(connection);
                    throw new ApiException(ErrorCode.ILLEGAL_GENERATION, "generation 3 is over");
                },
                entry(topic, batch(0, "a")));

        assertRefused(outcomes, ErrorCode.ILLEGAL_GENERATION, "generation 3 is over");
        assertThat(log.values(topic, 0, 0)).isEmpty();
        assertThat(notes()).isNull();
    }

    @Test
    void whatSqlOfOursRefusesHasItsErrorAndWords() throws Exception {
        Topic topic = log.topic(1, Map.of());
        Companion refused = connection ->
                execute(connection, "do $$ begin raise exception 'no member m' using errcode = 'TM025'; end $$");

        assertRefused(append(refused, entry(topic, batch(0, "a"))), ErrorCode.UNKNOWN_MEMBER_ID, "no member m");
        assertThatThrownBy(() -> log.log().alone(refused, Acks.ALL))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID));
    }

    @Test
    void whatItRefusesHarmsNoOtherRequestOfTheLane() throws Exception {
        Topic topic = log.topic(1, Map.of());
        List<CompletableFuture<List<BatchOutcome>>> others = new java.util.ArrayList<>();
        CompletableFuture<List<BatchOutcome>> refused;
        try (Connection blocker = database.connect()) {
            lockPartition(blocker, topic);
            others.add(log.send(topic, batch(0, "before")));
            refused = send(
                    connection -> {
                        throw new ApiException(ErrorCode.ILLEGAL_GENERATION, "over");
                    },
                    entry(topic, batch(0, "never")));
            others.add(log.send(topic, batch(0, "after")));
            others.add(send(note("kept"), entry(topic, batch(0, "kept"))));
        }

        assertRefused(refused.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS), ErrorCode.ILLEGAL_GENERATION, "over");
        for (CompletableFuture<List<BatchOutcome>> other : others) {
            assertThat(other.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)).hasOnlyElementsOfType(Appended.class);
        }
        assertThat(log.values(topic, 0, 0)).containsExactly("before", "after", "kept");
        assertThat(notes()).isEqualTo("kept");
    }

    @Test
    void duplicateIsAnsweredWithoutIt() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        append(note("once"), entry(topic, batch(0, producer, 0, 0, "a")));

        assertThat(append(
                        connection -> {
                            throw new ApiException(ErrorCode.ILLEGAL_GENERATION, "over by now");
                        },
                        entry(topic, batch(0, producer, 0, 0, "a"))))
                .containsExactly(new Appended(0, -1, true));
        assertThat(notes()).isEqualTo("once");
    }

    @Test
    void refusedTransactionLeavesNoGapInTheSequences() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        append(note("first"), entry(topic, batch(0, producer, 0, 0, "a")));
        append(
                connection -> {
                    throw new ApiException(ErrorCode.ILLEGAL_GENERATION, "over");
                },
                entry(topic, batch(0, producer, 0, 1, "refused")));

        assertThat(append(note("second"), entry(topic, batch(0, producer, 0, 1, "b"))))
                .containsExactly(new Appended(1, -1, false));
    }

    @Test
    void lostAnswerToCommitIsSettledWithIt() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "first"));
        proxy.cutAnswerTo("COMMIT");

        assertThat(append(note("once"), entry(topic, batch(0, "a")))).containsExactly(new Appended(1, -1, false));
        assertThat(proxy.hasCut()).isTrue();
        assertThat(notes()).isEqualTo("once");
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    @Test
    void commitThatNeverArrivedIsDoneAgainWithIt() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "first"));
        proxy.cutInsteadOf("COMMIT");

        assertThat(append(note("once"), entry(topic, batch(0, "a")))).containsExactly(new Appended(1, -1, false));
        assertThat(proxy.hasCut()).isTrue();
        assertThat(notes()).isEqualTo("once");
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    @Test
    void lockItDoesNotGetInTimeIsTheDatabasesTrouble() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection blocker = database.connect()) {
            blocker.setAutoCommit(false);
            execute(blocker, "lock table note");

            assertThat(append(note("late"), entry(topic, batch(0, "a"))).get(0))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
            assertThatThrownBy(() -> log.log().alone(note("late"), Acks.ALL))
                    .isInstanceOfSatisfying(
                            ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
        }
        assertThat(notes()).isNull();
    }

    @Test
    void takesPlaceAloneWhereThereIsNothingToAppend() throws Exception {
        log.log().alone(note("alone"), Acks.ALL);

        assertThat(notes()).isEqualTo("alone");
    }

    @Test
    void outcomeOfOneAloneIsUnknownWhenCommitIsNotAnswered() throws Exception {
        proxy.cutAnswerTo("COMMIT");

        assertThatThrownBy(() -> log.log().alone(note("alone"), Acks.ALL))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.REQUEST_TIMED_OUT));
        assertThat(notes()).isEqualTo("alone");
    }

    private List<BatchOutcome> append(Companion companion, AppendRequest.Entry... entries) throws Exception {
        return send(companion, entries).get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private CompletableFuture<List<BatchOutcome>> send(Companion companion, AppendRequest.Entry... entries) {
        return log.log()
                .append(new AppendRequest(
                        List.of(entries), Acks.ALL, true, "test", AppendRequest.Check.EVERYTHING, companion));
    }

    private static AppendRequest.Entry entry(Topic topic, ProduceFrame.Batch batch) {
        return new AppendRequest.Entry(topic, batch);
    }

    private static Companion note(String text) {
        return connection -> {
            try (PreparedStatement insert = connection.prepareStatement("insert into note values (?)")) {
                insert.setString(1, text);
                insert.executeUpdate();
            }
        };
    }

    private static String notes() throws SQLException {
        return database.string("select string_agg(text, ',') from note");
    }

    /** Until the connection is closed. */
    private static void lockPartition(Connection blocker, Topic topic) throws SQLException {
        execute(
                blocker,
                "select pg_advisory_lock('tidemark_internal.batch'::regclass::oid::int, " + topic.partitionId(0) + ")");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect()) {
            execute(connection, sql);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
