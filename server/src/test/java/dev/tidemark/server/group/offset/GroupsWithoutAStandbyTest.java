package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.MissingStandby;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of groups while a synchronous standby is away: members come and go, offsets committed wait. */
@Timeout(60)
class GroupsWithoutAStandbyTest {
    private MissingStandby postgres;
    private Database connections;
    private TestLog log;
    private Topic topic;

    @BeforeEach
    void start(@TempDir Path temporary) throws Exception {
        postgres = MissingStandby.start(temporary);
        // What the URL says wins over what the server sets.
        DatabaseConfig impatient = DatabaseConfig.of(postgres.jdbcUrl() + "&socketTimeout=3");
        connections = Database.open(impatient, new SimpleMeterRegistry(), Duration.ofSeconds(10));
        log = new TestLog(connections, 16 << 20, Quotas.Limits.NONE, 300);
        topic = log.topic(1, Map.of());
        postgres.waitFor("nobody");
    }

    @AfterEach
    void stop() throws SQLException {
        postgres.waitFor("");
        log.close();
        connections.close();
        postgres.close();
    }

    @Test
    void theFirstMemberOfAGroupJoinsWithoutWaiting() {
        try (Groups groups =
                new Groups(connections, log.log().leaderEpochs(), UUID.randomUUID(), new SimpleMeterRegistry())) {
            JoinGroupRequest join =
                    new JoinGroupRequest("m", List.of(topic.name()), null, null, null, null, null, null, null);

            assertThat(groups.join("new", join, Principal.ANONYMOUS).assignments())
                    .hasSize(1);
            groups.leave("new", "m", Principal.ANONYMOUS);
        }
    }

    @Test
    void theRowsOfAGroupAreMadeWithoutWaitingAndItsOffsetsWait() throws Exception {
        try (GroupOffsets offsets = new GroupOffsets(
                connections, log.topics(), log.log(), GroupOffsets.Retention.DEFAULT, new SimpleMeterRegistry())) {
            CompletableFuture<Void> commit = offsets.commit("new", TestOffsets.request(topic.name(), 0), "somebody");

            postgres.awaitWaiting();
            // What waits is not seen yet by others; what was committed before is.
            assertThat(postgres.ask("select count(*) from tidemark_internal.group_partition"))
                    .isEqualTo("1");
            assertThat(postgres.ask("select count(*) from tidemark_internal.offset_commit"))
                    .isEqualTo("0");
            assertThat(commit)
                    .failsWithin(Duration.ofSeconds(TIMEOUT_SECONDS))
                    .withThrowableThat()
                    .withCauseInstanceOf(ApiException.class)
                    .satisfies(refused -> assertThat(((ApiException) refused.getCause()).error())
                            .isEqualTo(ErrorCode.REQUEST_TIMED_OUT));

            postgres.waitFor("");
            await().until(() -> postgres.waiting() == 0);
            offsets.commit("new", TestOffsets.request(topic.name(), 0), "somebody")
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            assertThat(offsets.committed("new", null)).hasSize(1);
        }
    }
}
