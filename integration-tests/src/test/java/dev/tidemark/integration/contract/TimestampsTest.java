package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.OffsetAtTime;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@ThroughEveryDoor
class TimestampsTest {
    private static final long NOON = Instant.parse("2019-03-31T12:00:00.123Z").toEpochMilli();

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final LogClient client;
    private final String topic = RunningServer.newName();

    TimestampsTest(Door door) {
        client = server.client(door);
    }

    @AfterEach
    void close() {
        client.close();
    }

    private static Message at(long timestampMs) {
        return Message.of("at " + timestampMs).at(timestampMs);
    }

    @Test
    void recordsKeepTheTimeTheyWereGiven() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, at(NOON), at(0), at(NOON - 1));

        assertThat(client.read(topic, 0, 0, 3)).extracting(Stored::timestampMs).containsExactly(NOON, 0L, NOON - 1);
    }

    @Test
    void recordsWithoutATimeGetTheTimeTheyWereSent() {
        client.createTopic(topic, 1, Map.of());
        long before = System.currentTimeMillis();
        client.produce(topic, Message.of("now"));

        assertThat(client.read(topic, 0, 0, 1).get(0).timestampMs()).isBetween(before, System.currentTimeMillis());
    }

    @Test
    void logAppendTimeStampsRecordsAndTellsTheProducer() {
        client.createTopic(topic, 1, Map.of("message.timestamp.type", "LogAppendTime"));
        long before = System.currentTimeMillis();
        List<Place> places = client.produce(topic, at(NOON), at(0));

        List<Stored> stored = client.read(topic, 0, 0, 2);
        assertThat(stored)
                .extracting(Stored::timestampMs)
                .allSatisfy(ms -> assertThat(ms).isBetween(before, System.currentTimeMillis()));
        assertThat(places)
                .extracting(Place::timestampMs)
                .isEqualTo(stored.stream().map(Stored::timestampMs).toList());
    }

    @Test
    void timesTooFarAheadAreRefused() {
        client.createTopic(topic, 1, Map.of());
        Instant now = Instant.now();

        client.produce(topic, at(now.plus(Duration.ofMinutes(50)).toEpochMilli()));
        assertRefused(
                ErrorCode.INVALID_TIMESTAMP,
                "message.timestamp.after.max.ms",
                () -> client.produce(topic, at(now.plus(Duration.ofMinutes(70)).toEpochMilli())));
    }

    @Test
    void firstRecordAtOrAfterATimeIsFoundAlsoWhenTimesAreOutOfOrder() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, at(NOON), at(NOON + 10), at(NOON + 5));
        client.produce(topic, at(NOON + 2), at(NOON + 20), at(NOON + 20));

        assertFirstAt(0, NOON - 1_000);
        assertFirstAt(0, NOON);
        assertFirstAt(1, NOON + 1);
        assertFirstAt(1, NOON + 10);
        assertFirstAt(4, NOON + 11);
        assertFirstAt(4, NOON + 20);
        assertThat(client.firstAt(topic, 0, Instant.ofEpochMilli(NOON + 21))).isEmpty();
    }

    private void assertFirstAt(long offset, long timeMs) {
        assertThat(client.firstAt(topic, 0, Instant.ofEpochMilli(timeMs)))
                .get()
                .extracting(OffsetAtTime::offset)
                .isEqualTo(offset);
    }

    @Test
    void anEmptyPartitionHasNoRecordAtAnyTime() {
        client.createTopic(topic, 1, Map.of());

        assertThat(client.firstAt(topic, 0, Instant.EPOCH)).isEmpty();
        assertThat(client.earliest(topic, 0)).isZero();
        assertThat(client.latest(topic, 0)).isZero();
    }
}
