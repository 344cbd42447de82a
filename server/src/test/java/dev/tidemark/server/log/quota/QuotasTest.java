package dev.tidemark.server.log.quota;

import static dev.tidemark.schema.tidemark_internal.Tables.SEGMENT;
import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class QuotasTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Test
    void aFullLogRefusesAppendsServesReadsAndTakesThemAgainWhenTopicsAreGone() throws Exception {
        long start;
        try (TestLog log = log(Quotas.Limits.NONE)) {
            start = (long) measured(log);
        }
        long max = start + 4_000_000;
        try (TestLog log = log(new Quotas.Limits(0, max, 0))) {
            Topic large = log.topic(1, Map.of());
            Topic other = log.topic(1, Map.of());
            log.append(other, batch(0, "a"));
            String value = "x".repeat(500_000);

            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            log.append(large, batch(0, value));
                        }
                    })
                    .isInstanceOfSatisfying(ThrottledException.class, full -> {
                        assertThat(full.detail()).contains(" of " + max);
                        assertThat(full.retryAfter()).isPositive();
                    });
            assertThat(log.metrics.get("tidemark.log.full").gauge().value()).isOne();
            assertThat(log.values(other, 0, 0)).containsExactly("a");

            log.topics().delete(large.name());
            log.topics().dropDeleted();
            await().atMost(30, TimeUnit.SECONDS)
                    .until(() -> log.metrics.get("tidemark.log.full").gauge().value() == 0);
            assertThat(log.append(other, batch(0, "b"))).first().isInstanceOf(BatchOutcome.Appended.class);
        }
    }

    @Test
    void whatIsStagedCountsToo() throws Exception {
        try (TestLog log = log(Quotas.Limits.NONE)) {
            Topic topic = log.topic(1, Map.of());
            long before = diskBytes();
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("select tidemark.produce('" + topic.name()
                        + "', null, repeat('x', 100000)) from generate_series(1, 30)");
            }

            await().atMost(20, TimeUnit.SECONDS).until(() -> diskBytes() >= before + 3_000_000);
        }
    }

    private static long diskBytes() throws Exception {
        return Long.parseLong(database.string("select disk_bytes from tidemark_internal.measure_log(0)"));
    }

    @Test
    void whileTheLogIsFullNothingIsStaged() throws Exception {
        try (TestLog log = log(new Quotas.Limits(0, 1, 0))) {
            Topic topic = log.topic(1, Map.of());

            await().atMost(20, TimeUnit.SECONDS).until(() -> "TM089".equals(stateOfStaging(topic)));
        }
        try (TestLog log = log(Quotas.Limits.NONE)) {
            Topic topic = log.topic(1, Map.of());

            await("nobody says so any more")
                    .atMost(LogMeasurement.FULL_FOR.plusSeconds(10))
                    .until(() -> stateOfStaging(topic) == null);
        }
    }

    @Test
    void onceTheLogHasRoomRecordsAreStagedAtOnce() throws Exception {
        long start;
        try (TestLog log = log(Quotas.Limits.NONE)) {
            start = (long) measured(log);
        }
        try (TestLog log = log(new Quotas.Limits(0, start + 4_000_000, 0))) {
            Topic large = log.topic(1, Map.of());
            Topic other = log.topic(1, Map.of());
            for (int i = 0; i < 10; i++) {
                if (log.metrics.get("tidemark.log.full").gauge().value() == 0) {
                    log.append(large, batch(0, "x".repeat(500_000)));
                }
            }
            await().atMost(20, TimeUnit.SECONDS).until(() -> "TM089".equals(stateOfStaging(other)));

            log.topics().delete(large.name());
            log.topics().dropDeleted();
            await().atMost(30, TimeUnit.SECONDS)
                    .until(() -> log.metrics.get("tidemark.log.full").gauge().value() == 0);

            await().atMost(LogMeasurement.FULL_FOR.dividedBy(3)).until(() -> stateOfStaging(other) == null);
        }
    }

    /** Stages nothing. @return the SQLSTATE it would be refused with; null: none */
    private static @Nullable String stateOfStaging(Topic topic) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("select tidemark.produce('" + topic.name() + "', null, 'x')");
            connection.rollback();
            return null;
        } catch (SQLException refused) {
            return refused.getSQLState();
        }
    }

    @Test
    void whatIsTooFastIsToldWhenItIsItsTurn() throws Exception {
        try (TestLog log = log(new Quotas.Limits(1_000, 0, 0))) {
            Topic topic = log.topic(1, Map.of());
            log.append(topic, batch(0, "x".repeat(10_000)));

            assertThatThrownBy(() -> log.append(topic, batch(0, "a")))
                    .isInstanceOfSatisfying(ThrottledException.class, refused -> {
                        assertThat(refused.error()).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
                        assertThat(refused.detail()).contains("1000 bytes a second");
                        assertThat(refused.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(10));
                    });
            assertThat(log.metrics
                            .get("tidemark.append.throttled.requests")
                            .tag("limit", "rate")
                            .counter()
                            .count())
                    .isOne();
            assertThat(log.metrics.get("tidemark.append.queued").gauge().value())
                    .as("what was refused is not queued")
                    .isZero();
        }
    }

    @Test
    void pastTheBoundOnSegmentsNoPartitionBeginsAndThoseThatHaveGoOn() throws Exception {
        int others = segments();
        try (TestLog log = log(new Quotas.Limits(0, 0, others + 1))) {
            Topic topic = log.topic(2, Map.of("segment.bytes", "1024"));
            log.append(topic, batch(0, "first"));

            List<BatchOutcome> refused = log.append(topic, batch(1, "b"));

            assertThat(refused).first().isInstanceOfSatisfying(BatchOutcome.Refused.class, outcome -> {
                assertThat(outcome.error()).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
                assertThat(outcome.detail()).contains((others + 1) + " segments");
            });
            String[] many = IntStream.range(0, 900).mapToObj(Integer::toString).toArray(String[]::new);
            for (int i = 0; i < 3; i++) {
                assertThat(log.append(topic, batch(0, many))).first().isInstanceOf(BatchOutcome.Appended.class);
            }
            await().atMost(20, TimeUnit.SECONDS).until(() -> segments() > others + 1);
        }
    }

    private static int segments() {
        return database.database().<Integer>query(jooq -> jooq.fetchCount(SEGMENT));
    }

    private static double measured(TestLog log) {
        await().atMost(20, TimeUnit.SECONDS)
                .until(() -> log.metrics.get("tidemark.log.disk").gauge().value() > 0);
        return log.metrics.get("tidemark.log.disk").gauge().value();
    }

    private static TestLog log(Quotas.Limits quotas) {
        return new TestLog(database.database(), 16 << 20, quotas);
    }
}
