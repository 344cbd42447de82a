package dev.tidemark.server.log.fetch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.fetch.FetchRequest.Position;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class FollowerTest {
    private static final int PARTITIONS = Follower.MAX_PARTITIONS + 1;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final AtomicLong nanos = new AtomicLong();
    private final Tail tail = new Tail(1 << 20);
    private TestLog appending;
    private Follower follower;
    private Topic topic;

    @BeforeEach
    void start() {
        appending = new TestLog(database.database());
        topic = appending.topic(PARTITIONS, Map.of());
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        LeaderEpochs epochs = new LeaderEpochs(database.database(), tail, registry);
        FetchMetrics metrics = new FetchMetrics(registry, List.of());
        follower = new Follower(tail, new LogReader(database.database(), epochs, metrics), metrics, nanos::get);
        positions().forEach(p -> tail.observed(p.partitionId(), new Tail.Range(tail.leaderEpoch(), 0, 0)));
    }

    @AfterEach
    void stop() {
        follower.close();
        appending.close();
    }

    private List<Position> positions() {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new Position(topic, partition, 0))
                .toList();
    }

    private void appendAndHint(Position... positions) throws Exception {
        for (Position position : positions) {
            appending.append(topic, batch(position.partition(), "a"));
        }
        for (Position position : positions) {
            follower.hint(Map.of(position.partitionId(), 1_000L));
        }
    }

    private long knownEnd(Position position) {
        Tail.Range range = tail.range(position.partitionId());
        return range == null ? -1 : range.logEndOffset();
    }

    @Test
    void allThatIsToldOfIsRead() throws Exception {
        follower.follow(positions());

        appendAndHint(positions().toArray(Position[]::new));

        await().until(() -> positions().stream().allMatch(position -> knownEnd(position) == 1));
        assertThat(positions())
                .allSatisfy(position -> assertThat(tail.read(tail.leaderEpoch(), position.partitionId(), 0, 10, 1_000))
                        .isNotNull());
    }

    @Test
    void partitionIsFollowedForAMomentAfterTheLastHasLeft() throws Exception {
        Position awaited = positions().get(0);
        Position left = positions().get(1);
        follower.follow(List.of(awaited, left));
        follower.follow(List.of(left));
        follower.leave(List.of(left));

        appendAndHint(left);
        await().until(() -> knownEnd(left) == 1);

        follower.leave(List.of(left));
        nanos.addAndGet(Follower.LINGER.toNanos());
        follower.forgetLeft();
        appendAndHint(left);
        await().until(() -> knownEnd(left) == 2);

        nanos.incrementAndGet();
        assertThat(follower.awaited()).contains(left.partitionId());
        appendAndHint(left, awaited);
        await().until(() -> knownEnd(awaited) == 1);
        assertThat(knownEnd(left)).isEqualTo(2);
        assertThat(tail.isBehindHint(left.partitionId()))
                .as("kept for who comes next")
                .isTrue();

        nanos.addAndGet(Follower.POLLED_FOR.toNanos());
        follower.forgetLeft();
        assertThat(follower.awaited()).containsExactly(awaited.partitionId());
    }

    @Test
    void whatWasToldBeforeSomebodyCameIsRead() throws Exception {
        Position position = positions().get(0);
        appendAndHint(position);
        assertThat(knownEnd(position)).isZero();

        follower.follow(List.of(position));
        follower.read(List.of(position.partitionId()));

        await().until(() -> knownEnd(position) == 1);
    }
}
