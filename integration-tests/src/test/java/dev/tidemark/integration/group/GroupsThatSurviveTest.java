package dev.tidemark.integration.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.Deserializers;
import dev.tidemark.client.OffsetAndMetadata;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.server.OwnPostgres;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.ServerProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members with the shortest session timeout there is, 3 s, and what they must not feel: servers that die or stand still, and a PostgreSQL that goes and comes. */
@Timeout(240)
class GroupsThatSurviveTest {
    private static final String COMMITTED = "tidemark_group_commit_offsets_total";

    @TempDir
    Path folder;

    private final String topic = RunningServer.newName();
    private final String group = RunningServer.newName();

    private OwnPostgres postgres;
    private ServerProcess one;
    private ServerProcess other;
    private GroupMember first;
    private GroupMember second;

    @BeforeEach
    void start() throws Exception {
        postgres = OwnPostgres.in(folder);
        one = ServerProcess.startOver(postgres.jdbcUrl(), 0);
        other = ServerProcess.startOver(postgres.jdbcUrl(), 0);
        one.http().post("/v1/topics", Map.of("name", topic, "partition_count", 4));
        first = GroupMember.join(group, "first", topic, List.of(one.uri(), other.uri()));
        second = GroupMember.join(group, "second", topic, List.of(other.uri(), one.uri()));
        await().atMost(Duration.ofSeconds(20)).until(this::isShared);
        await().until(() -> one.meter("tidemark_cluster_servers") == 2);
    }

    @AfterEach
    void stop() throws Exception {
        first.close();
        second.close();
        one.close();
        other.close();
        postgres.close();
    }

    private boolean isShared() {
        return first.reads().size() == 2 && second.reads().size() == 2;
    }

    private String query(String sql) throws SQLException {
        try (Connection connection = postgres.connect();
                ResultSet row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Whatever happens, both stay, and go on reading what they read. */
    private void assertNothingMoves(ThrowingRunnable happens) throws Exception {
        Set<Integer> before = first.reads();
        int generation = first.generation();
        String hands = query("select count(*) from tidemark_internal.past_ownership");

        happens.run();

        assertThat(first.refusals()).isEmpty();
        assertThat(second.refusals()).isEmpty();
        assertThat(first.reads()).isEqualTo(before);
        assertThat(first.generation()).isEqualTo(generation);
        assertThat(query("select count(*) from tidemark_internal.past_ownership"))
                .isEqualTo(hands);
        assertThat(query("select count(*) from tidemark_internal.past_member")).isEqualTo("0");
    }

    private interface ThrowingRunnable {
        void run() throws Exception;
    }

    /** So long that whoever was to be expelled would have been: several session timeouts of heartbeats that are answered. */
    private void awaitHeartbeats() {
        long from = first.answers();
        long fromSecond = second.answers();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> first.answers() > from + 50 && second.answers() > fromSecond + 50);
    }

    @Test
    void whenAServerIsKilledNoPartitionMoves() throws Exception {
        assertNothingMoves(() -> {
            one.kill();
            awaitHeartbeats();
        });
    }

    @Test
    void whenAServerStandsStillItExpelsNobodyAfterwards() throws Exception {
        assertNothingMoves(() -> {
            one.suspend();
            try {
                awaitHeartbeats();
            } finally {
                one.resume();
            }
            awaitHeartbeats();
        });
        assertThat(one.meter("tidemark_cluster_servers")).isEqualTo(2);
    }

    @Test
    void whenPostgresIsRestartedNobodyIsExpelled() throws Exception {
        assertNothingMoves(() -> {
            postgres.stop();
            long until = System.nanoTime() + Duration.ofSeconds(8).toNanos();
            await().pollInterval(Duration.ofMillis(100))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> System.nanoTime() > until);
            postgres.start();
            awaitHeartbeats();
        });
    }

    @Test
    void aCommitThatAServerCarriesOutLateTakesNothingBack() throws Exception {
        String lateGroup = RunningServer.newName();
        one.http()
                .post(
                        "/v1/topics/" + topic + "/records",
                        Map.of("records", Collections.nCopies(300, Map.of("partition", 0, "value", "v"))));
        TopicPartition partition = new TopicPartition(topic, 0);
        try (TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                .servers(one.uri() + "," + other.uri())
                .groupId(lateGroup)
                .enableAutoCommit(false)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build()) {
            consumer.subscribe(List.of(topic));
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                consumer.poll(Duration.ofMillis(10));
                return consumer.assignment().contains(partition);
            });
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(1)));
            ServerProcess stopped = one.meter(COMMITTED) > 0 ? one : other;
            double before = stopped.meter(COMMITTED);

            stopped.suspend();
            try {
                consumer.commitSync(Map.of(partition, new OffsetAndMetadata(100)));
                consumer.commitSync(Map.of(partition, new OffsetAndMetadata(200)));
                assertThat(committedOffset(lateGroup)).isEqualTo("200");
            } finally {
                stopped.resume();
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> stopped.meter(COMMITTED) > before);

            assertThat(committedOffset(lateGroup)).isEqualTo("200");
        }
    }

    private String committedOffset(String ofGroup) throws SQLException {
        return query("select committed_offset from tidemark.consumer_lag where partition = 0 and group_id = '" + ofGroup
                + "'");
    }

    @Test
    void whoDiesBesideAServerThatDiesIsExpelledByTheOther() throws Exception {
        one.kill();
        first.close();

        await().atMost(Duration.ofSeconds(60)).until(() -> second.reads().size() == 4);
        assertThat(query("select reason from tidemark_internal.past_member")).isEqualTo("session timeout");
    }
}
