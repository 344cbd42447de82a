package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TidemarkConsumerTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);

    private final FakeBroker broker = new FakeBroker();

    @AfterEach
    void stop() {
        broker.close();
    }

    private ConsumerBuilder<String, String> settings() {
        return TidemarkConsumer.builder()
                .servers(broker.url())
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(20));
    }

    private void appendNumbers(int partition, int from, int to) {
        for (int i = from; i < to; i++) {
            broker.append("t", partition, 1000 + i, "k" + i, "" + i);
        }
    }

    @Test
    void recordsComeBackByteForByte() {
        broker.createTopic("t", 1);
        List<Header> headers = List.of(new Header("a", new byte[] {0, -1}), new Header("a", null));
        broker.append("t", 0, 5, new byte[] {1, -1}, new byte[] {-128, 0}, HeaderCodec.encode(headers));
        broker.append("t", 0, 6, null, null, null);
        try (TidemarkConsumer<byte[], byte[]> consumer = TidemarkConsumer.builder()
                .servers(broker.url())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .build()) {
            consumer.assign(List.of(P0));
            List<ConsumerRecord<byte[], byte[]>> records = consumer.poll(LONG).records(P0);

            assertThat(records).hasSize(2);
            assertThat(records.get(0).topicPartition()).isEqualTo(P0);
            assertThat(records.get(0).offset()).isZero();
            assertThat(records.get(0).timestamp()).isEqualTo(5);
            assertThat(records.get(0).key()).containsExactly(1, -1);
            assertThat(records.get(0).value()).containsExactly(-128, 0);
            assertThat(records.get(0).headers()).isEqualTo(headers);
            assertThat(records.get(1).offset()).isEqualTo(1);
            assertThat(records.get(1).key()).isNull();
            assertThat(records.get(1).value()).isNull();
            assertThat(records.get(1).headers()).isEmpty();
        }
    }

    @Test
    void everyRecordOfEveryPartitionComesOnceAndInOrder() {
        broker.createTopic("t", 3);
        IntStream.range(0, 3).forEach(p -> appendNumbers(p, 0, 1000));
        try (TidemarkConsumer<String, String> consumer = settings()
                .fetchMaxBytes(3000)
                .prefetchBytes(5000)
                .maxPollRecords(7)
                .build()) {
            consumer.assign(consumer.partitionsFor("t"));
            List<List<String>> seen = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            for (int count = 0; count < 3000; ) {
                ConsumerRecords<String, String> records = consumer.poll(LONG);
                assertThat(records.count()).isBetween(1, 7);
                records.forEach(record -> seen.get(record.partition()).add(record.value()));
                count += records.count();
            }
            List<String> expected =
                    IntStream.range(0, 1000).mapToObj(i -> "" + i).toList();
            assertThat(seen).allSatisfy(values -> assertThat(values).isEqualTo(expected));
            assertThat(consumer.position(P0)).isEqualTo(1000);
        }
    }

    @Test
    void aPollWaitsForTheNextRecordAndNoLonger() {
        broker.createTopic("t", 1);
        try (TidemarkConsumer<String, String> consumer =
                settings().fetchMaxWait(Duration.ofSeconds(30)).build()) {
            consumer.assign(List.of(P0));
            assertThat(consumer.poll(Duration.ofMillis(20)).isEmpty()).isTrue();
            Thread appender = new Thread(() -> appendNumbers(0, 0, 1));
            appender.start();
            assertThat(values(consumer.poll(LONG))).containsExactly("0");
        }
    }

    @Test
    void withoutAPositionItStartsWhereItIsToldTo() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 10);
        try (TidemarkConsumer<String, String> latest =
                settings().autoOffsetReset(AutoOffsetReset.LATEST).build()) {
            latest.assign(List.of(P0));
            assertThat(latest.position(P0)).isEqualTo(10);
            appendNumbers(0, 10, 11);
            assertThat(values(latest.poll(LONG))).containsExactly("10");
        }
        try (TidemarkConsumer<String, String> none =
                settings().autoOffsetReset(AutoOffsetReset.NONE).build()) {
            none.assign(List.of(P0));
            assertThatExceptionOfType(NoOffsetException.class).isThrownBy(() -> none.poll(LONG));
            assertThatExceptionOfType(NoOffsetException.class).isThrownBy(() -> none.position(P0));
            none.seek(P0, 9);
            assertThat(values(none.poll(LONG))).containsExactly("9", "10");
        }
    }

    @Test
    void seekGoesAnywhereAndForgetsWhatWasFetched() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 100);
        try (TidemarkConsumer<String, String> consumer =
                settings().maxPollRecords(3).build()) {
            consumer.assign(List.of(P0));
            assertThat(values(consumer.poll(LONG))).containsExactly("0", "1", "2");
            assertThat(consumer.position(P0)).isEqualTo(3);
            consumer.seek(P0, 50);
            assertThat(consumer.position(P0)).isEqualTo(50);
            assertThat(values(consumer.poll(LONG))).containsExactly("50", "51", "52");
            consumer.seekToBeginning(List.of(P0));
            assertThat(values(consumer.poll(LONG))).containsExactly("0", "1", "2");
            consumer.seekToEnd(List.of(P0));
            assertThat(consumer.position(P0)).isEqualTo(100);
        }
    }

    /** A request that waits at the server must not hold up what is asked for after it. */
    @Test
    void aSeekBreaksOffARequestThatWaits() {
        broker.createTopic("t", 2);
        appendNumbers(0, 0, 5);
        try (TidemarkConsumer<String, String> consumer =
                settings().fetchMaxWait(Duration.ofSeconds(30)).build()) {
            consumer.assign(List.of(P0));
            assertThat(consumer.poll(LONG).count()).isEqualTo(5);
            assertThat(consumer.poll(Duration.ofMillis(50)).isEmpty()).isTrue();
            long before = System.nanoTime();
            consumer.seek(P0, 4);
            assertThat(values(consumer.poll(LONG))).containsExactly("4");
            appendNumbers(1, 0, 1);
            consumer.assign(List.of(P0, P1));
            assertThat(values(consumer.poll(LONG))).containsExactly("0");
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void assignKeepsThePositionsOfPartitionsThatStay() {
        broker.createTopic("t", 2);
        appendNumbers(0, 0, 10);
        appendNumbers(1, 0, 10);
        try (TidemarkConsumer<String, String> consumer =
                settings().maxPollRecords(4).build()) {
            consumer.assign(List.of(P0));
            consumer.poll(LONG);
            consumer.assign(List.of(P1, P0));
            assertThat(consumer.position(P0)).isEqualTo(4);
            assertThat(consumer.assignment()).isEqualTo(Set.of(P0, P1));
            consumer.assign(List.of(P1));
            assertThat(consumer.poll(LONG).partitions()).containsExactly(P1);
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.seek(P0, 0))
                    .withMessageContaining("t-0 is not assigned");
        }
    }

    @Test
    void pausedPartitionsKeepTheirPositionAndStayQuiet() {
        broker.createTopic("t", 2);
        appendNumbers(0, 0, 10);
        appendNumbers(1, 0, 10);
        try (TidemarkConsumer<String, String> consumer =
                settings().maxPollRecords(3).build()) {
            consumer.assign(List.of(P0, P1));
            consumer.pause(List.of(P0));
            assertThat(consumer.paused()).containsExactly(P0);
            int count = 0;
            while (count < 10) {
                ConsumerRecords<String, String> records = consumer.poll(LONG);
                assertThat(records.partitions()).containsExactly(P1);
                count += records.count();
            }
            consumer.resume(List.of(P0));
            assertThat(values(consumer.poll(LONG))).containsExactly("0", "1", "2");
            consumer.pause(List.of(P0));
            assertThat(consumer.position(P0)).isEqualTo(3);
            consumer.resume(List.of(P0));
            assertThat(values(consumer.poll(LONG))).containsExactly("3", "4", "5");
        }
    }

    @Test
    void aPositionOutsideTheLogMovesAsSaidOrIsThrownWithTheRange() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 10);
        broker.deleteBefore("t", 0, 4);
        try (TidemarkConsumer<String, String> earliest = settings().build()) {
            earliest.assign(List.of(P0));
            earliest.seek(P0, 1);
            assertThat(values(earliest.poll(LONG))).startsWith("4");
        }
        try (TidemarkConsumer<String, String> latest =
                settings().autoOffsetReset(AutoOffsetReset.LATEST).build()) {
            latest.assign(List.of(P0));
            latest.seek(P0, 1);
            latest.poll(Duration.ofMillis(200));
            assertThat(latest.position(P0)).isEqualTo(10);
        }
        try (TidemarkConsumer<String, String> none =
                settings().autoOffsetReset(AutoOffsetReset.NONE).build()) {
            none.assign(List.of(P0));
            none.seek(P0, 3);
            OffsetOutOfRangeException thrown =
                    catchThrowableOfType(OffsetOutOfRangeException.class, () -> none.poll(LONG));
            assertThat(thrown.topicPartition()).isEqualTo(P0);
            assertThat(thrown.offset()).isEqualTo(3);
            assertThat(thrown.logStartOffset()).isEqualTo(4);
            assertThat(thrown.logEndOffset()).isEqualTo(10);
            assertThat(none.position(P0)).isEqualTo(3);
            none.seek(P0, thrown.logStartOffset());
            assertThat(values(none.poll(LONG))).startsWith("4");
        }
    }

    @Test
    void aPositionBeyondTheEndIsThrownWhateverTheResetUntilTheApplicationMovesIt() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 10);
        for (AutoOffsetReset reset : AutoOffsetReset.values()) {
            try (TidemarkConsumer<String, String> consumer =
                    settings().autoOffsetReset(reset).build()) {
                consumer.assign(List.of(P0));
                consumer.seek(P0, 99);
                for (int polls = 0; polls < 2; polls++) {
                    OffsetOutOfRangeException thrown =
                            catchThrowableOfType(OffsetOutOfRangeException.class, () -> consumer.poll(LONG));
                    assertThat(thrown).hasMessageContaining("cut when PostgreSQL was restored");
                    assertThat(thrown.offset()).isEqualTo(99);
                    assertThat(thrown.logEndOffset()).isEqualTo(10);
                    assertThat(consumer.position(P0)).isEqualTo(99);
                }
                consumer.seek(P0, 8);
                assertThat(values(consumer.poll(LONG))).containsExactly("8", "9");
            }
        }
    }

    @Test
    void aRecordThatCannotBeReadIsNamedAndCanBePassed() {
        broker.createTopic("t", 1);
        broker.append("t", 0, 0, null, "1");
        broker.append("t", 0, 0, null, "no number");
        broker.append("t", 0, 0, null, "3");
        try (TidemarkConsumer<String, Integer> consumer =
                settings().valueDeserializer(Deserializers.json(Integer.class)).build()) {
            consumer.assign(List.of(P0));
            assertThat(consumer.poll(LONG).iterator().next().value()).isEqualTo(1);
            for (int again = 0; again < 2; again++) {
                SerializationException thrown =
                        catchThrowableOfType(SerializationException.class, () -> consumer.poll(LONG));
                assertThat(thrown.topicPartition()).contains(P0);
                assertThat(thrown.offset()).isEqualTo(1);
                assertThat(consumer.position(P0)).isEqualTo(1);
            }
            consumer.seek(P0, 2);
            assertThat(consumer.poll(LONG).iterator().next().value()).isEqualTo(3);
        }
    }

    @Test
    void wakeupEndsAWaitOrTheNextPoll() throws InterruptedException {
        broker.createTopic("t", 1);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(P0));
            consumer.wakeup();
            assertThatExceptionOfType(WakeupException.class).isThrownBy(() -> consumer.poll(LONG));
            Thread waker = new Thread(consumer::wakeup);
            waker.start();
            assertThatExceptionOfType(WakeupException.class).isThrownBy(() -> consumer.poll(LONG));
            waker.join();
            appendNumbers(0, 0, 1);
            assertThat(consumer.poll(LONG).count()).isEqualTo(1);
        }
    }

    @Test
    void asServersComeAndGoReadingGoesOn() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 5);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(P0));
            broker.refuseOthers = ErrorCode.BROKER_NOT_AVAILABLE;
            assertThat(consumer.poll(Duration.ofMillis(50)).isEmpty()).isTrue();
            broker.refuseOthers = null;
            assertThat(consumer.poll(LONG).count()).isEqualTo(5);
        }
    }

    @Test
    void lookUpsAndFetchesOutliveAConnectionThatIsCutUnderThem() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 5);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            broker.cutNext("/topics/t");
            assertThat(consumer.partitionsFor("t")).containsExactly(P0);
            broker.cutNext("/offsets");
            assertThat(consumer.endOffsets(List.of(P0))).isEqualTo(Map.of(P0, 5L));
            broker.cutNext("/offsets");
            assertThat(consumer.offsetsForTimes(Map.of(P0, 1003L)))
                    .isEqualTo(Map.of(P0, new OffsetAndTimestamp(3, 1003)));
            broker.cutNext("/offsets");
            consumer.assign(List.of(P0));
            assertThat(consumer.position(P0)).isZero();
            broker.cutNext("/fetch");
            consumer.seek(P0, 1);
            assertThat(values(consumer.poll(LONG))).containsExactly("1", "2", "3", "4");
        }
        assertThat(broker.requests)
                .filteredOn(request -> request.contains("/offsets"))
                .hasSize(6);
    }

    @Test
    void whatTheServerRefusesIsThrownByPoll() {
        broker.createTopic("t", 1);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            broker.refuseOthers = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
            consumer.assign(List.of(P0));
            assertThatExceptionOfType(AuthorizationException.class).isThrownBy(() -> consumer.poll(LONG));
            broker.refuseOthers = null;
            appendNumbers(0, 0, 1);
            assertThat(consumer.poll(LONG).count()).isEqualTo(1);
        }
    }

    @Test
    void aTopicThatIsGoneDoesNotHoldUpTheOthers() {
        broker.createTopic("t", 1);
        appendNumbers(0, 0, 5);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(new TopicPartition("gone", 0), P0));
            List<String> seen = new ArrayList<>();
            int failures = 0;
            while (seen.size() < 5) {
                try {
                    seen.addAll(values(consumer.poll(LONG)));
                } catch (UnknownTopicOrPartitionException gone) {
                    failures++;
                }
            }
            while (failures == 0) {
                try {
                    consumer.poll(LONG);
                } catch (UnknownTopicOrPartitionException gone) {
                    failures++;
                }
            }
            assertThat(seen).containsExactly("0", "1", "2", "3", "4");
        }
    }

    @Test
    void offsetsAreFoundByPlaceAndTime() {
        broker.createTopic("t", 4);
        appendNumbers(0, 0, 10);
        appendNumbers(1, 0, 3);
        broker.deleteBefore("t", 0, 2);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            List<TopicPartition> all = consumer.partitionsFor("t");
            assertThat(consumer.beginningOffsets(List.of(P0))).isEqualTo(Map.of(P0, 2L));
            assertThat(consumer.endOffsets(List.of(P0, P1))).isEqualTo(Map.of(P0, 10L, P1, 3L));
            assertThat(consumer.endOffsets(all)).containsEntry(P0, 10L).hasSize(4);
            assertThat(consumer.beginningOffsets(all)).containsEntry(P0, 2L).hasSize(4);
            assertThat(consumer.offsetsForTimes(Map.of(P0, 1005L, P1, 1005L)))
                    .isEqualTo(Map.of(P0, new OffsetAndTimestamp(5, 1005)));
        }
    }

    @Test
    void twoThreadsAtATimeAreRefusedButForWakeup() throws InterruptedException {
        broker.createTopic("t", 1);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicReference<Throwable> ended = new AtomicReference<>();
        appendNumbers(0, 0, 1);
        try (TidemarkConsumer<String, String> consumer = settings()
                .valueDeserializer((topic, bytes) -> {
                    inside.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return new String(bytes, StandardCharsets.UTF_8);
                })
                .build()) {
            consumer.assign(List.of(P0));
            Thread poller = new Thread(() -> {
                try {
                    consumer.poll(LONG);
                } catch (RuntimeException e) {
                    ended.set(e);
                }
            });
            poller.start();
            inside.await();
            assertThatExceptionOfType(ConcurrentModificationException.class).isThrownBy(() -> consumer.position(P0));
            go.countDown();
            poller.join();
            assertThat(ended.get()).isNull();
            assertThat(consumer.position(P0)).isEqualTo(1);
        }
    }

    @Test
    void closeEndsItsThreadAndIsFinal() {
        broker.createTopic("t", 1);
        TidemarkConsumer<String, String> consumer =
                settings().fetchMaxWait(Duration.ofSeconds(30)).build();
        consumer.assign(List.of(P0));
        consumer.poll(Duration.ofMillis(20));
        consumer.close();
        consumer.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.isAlive() && thread.getName().equals("tidemark-consumer-fetcher"));
        assertThatIllegalStateException().isThrownBy(() -> consumer.poll(LONG));
    }

    /** While the application works, no more is fetched than it said. */
    @Test
    void prefetchingIsBounded() {
        broker.createTopic("t", 1);
        IntStream.range(0, 200).forEach(i -> broker.append("t", 0, 0, null, "x".repeat(1000)));
        try (TidemarkConsumer<String, String> consumer = settings()
                .fetchMaxBytes(5_000)
                .prefetchBytes(10_000)
                .maxPollRecords(1)
                .build()) {
            consumer.assign(List.of(P0));
            consumer.poll(LONG);
            consumer.poll(Duration.ZERO);
            long fetches = fetches();
            consumer.endOffsets(List.of(P0));
            consumer.endOffsets(List.of(P0));
            assertThat(fetches()).isLessThanOrEqualTo(Math.max(fetches, 4));
            int seen = 2;
            while (seen < 200) {
                seen += consumer.poll(LONG).count();
            }
        }
    }

    private long fetches() {
        return broker.requests.stream()
                .filter(request -> request.endsWith("/v1/fetch"))
                .count();
    }

    private static List<String> values(ConsumerRecords<String, String> records) {
        List<String> values = new ArrayList<>();
        records.forEach(record -> values.add(record.value()));
        return values;
    }
}
