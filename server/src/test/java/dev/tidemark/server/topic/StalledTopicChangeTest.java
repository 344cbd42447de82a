package dev.tidemark.server.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.PGConnection;

/** Servers that stand still in the middle of changing topics, played by connections that say what a server would and then nothing more. */
@Timeout(60)
class StalledTopicChangeTest {
    private static final String LOCK = "select tidemark_internal.lock_topic_names()";

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final Topics topics = new Topics(database.database());

    private static Connection inTransaction(String statement) throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        try (Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
        return connection;
    }

    private static void awaitEndOf(Connection stalled) throws SQLException {
        int pid = stalled.unwrap(PGConnection.class).getBackendPID();
        await().until(
                        () -> database.string("select count(*) from pg_stat_activity where pid = " + pid),
                        sessions -> sessions.equals("0"));
    }

    @Test
    void serverThatStandsStillWithTheLockOnTopicNamesLosesIt() throws SQLException {
        try (Connection stalled = inTransaction(LOCK)) {
            topics.create(new CreateTopicRequest("stalled", 1, Map.of()));
            awaitEndOf(stalled);
        }
        try (Connection stalled = inTransaction(LOCK)) {
            assertThat(topics.alter("stalled", new AlterTopicRequest(2, Map.of()))
                            .partitions())
                    .hasSize(2);
            awaitEndOf(stalled);
        }
        try (Connection stalled = inTransaction(LOCK)) {
            topics.delete("stalled");
            awaitEndOf(stalled);
        }
    }

    @Test
    void serverThatStandsStillWithADeletedTopicsTablesLosesThem() throws SQLException {
        topics.create(new CreateTopicRequest("leaving", 1, Map.of()));
        int topicId = topics.find("leaving").id();
        topics.delete("leaving");
        try (Connection stalled = inTransaction("select tidemark_internal.removal_step(" + topicId + ")")) {
            awaitEndOf(stalled);
        }
    }

    @Test
    void lockOnTopicNamesThatIsNotHadInTimeIsToBeTriedFor() throws SQLException {
        topics.create(new CreateTopicRequest("busy", 1, Map.of()));
        List<Runnable> changes = List.of(
                () -> topics.create(new CreateTopicRequest("new", 1, Map.of())),
                () -> topics.alter("busy", new AlterTopicRequest(2, Map.of())),
                () -> topics.delete("busy"));
        try (Connection busy =
                inTransaction("select pg_advisory_xact_lock('tidemark_internal.topic'::regclass::oid::int, 0)")) {
            Stream<CompletableFuture<ApiException>> refusals = changes.stream()
                    .map(change -> CompletableFuture.supplyAsync(
                            () -> catchThrowableOfType(ApiException.class, change::run),
                            // The common pool may have but one thread.
                            task -> new Thread(task).start()));
            assertThat(refusals.toList()).extracting(CompletableFuture::join).allSatisfy(refusal -> {
                assertThat(refusal.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
                assertThat(refusal.detail()).contains("somebody else is changing topics; try again");
            });
            assertThat(busy.isValid(10)).isTrue();
        }
        assertThat(topics.describe("busy").partitions()).hasSize(1);
        topics.delete("busy");
    }
}
