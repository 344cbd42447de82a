package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Lag in records and in time, in SQL and as gauges. */
@Timeout(60)
class LagMetricsTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Test
    void lagIsShownByGroupAndPartitionInRecordsAndInTime() throws Exception {
        try (TestLog log = new TestLog(database.database());
                GroupOffsets offsets = TestOffsets.of(database, log)) {
            Topic topic = log.topic(3, Map.of());
            log.append(topic, TestLog.batch(0, "a", "b", "c"), TestLog.batch(1, "a"));
            offsets.commit("g", TestOffsets.request(topic.name(), 1, 1, 0), "somebody")
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);

            SimpleMeterRegistry metrics = new SimpleMeterRegistry();
            try (LagMetrics lag = new LagMetrics(new GroupCatalogue(database.database()), metrics)) {
                lag.refresh();
            }

            assertThat(gauge(metrics, "tidemark.group.lag.records", topic, 0)).isEqualTo(2);
            assertThat(gauge(metrics, "tidemark.group.lag.records", topic, 1)).isZero();
            assertThat(gauge(metrics, "tidemark.group.lag.records", topic, 2)).isZero();
            assertThat(gauge(metrics, "tidemark.group.lag", topic, 0)).isPositive();
            assertThat(gauge(metrics, "tidemark.group.lag", topic, 1)).isZero();
            assertThat(metrics.get("tidemark.group.lag.partitions.omitted")
                            .gauge()
                            .value())
                    .isZero();
            assertThat(
                            database.string(
                                    "select string_agg(lag || ' ' || (time_lag > '0'), ', ' order by partition) from tidemark.consumer_lag"))
                    .isEqualTo("2 true, 0 false, 0 false");
        }
    }

    private static double gauge(SimpleMeterRegistry metrics, String name, Topic topic, int partition) {
        return metrics.get(name)
                .tags("group", "g", "topic", topic.name(), "partition", Integer.toString(partition))
                .gauge()
                .value();
    }
}
