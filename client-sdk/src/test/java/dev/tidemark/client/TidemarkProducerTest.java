package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.Partitioner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TidemarkProducerTest {
    private final FakeBroker broker = new FakeBroker();

    @AfterEach
    void stop() {
        broker.close();
    }

    private ProducerBuilder<String, String> settings() {
        return TidemarkProducer.builder()
                .servers(broker.url())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(20));
    }

    @Test
    void aRecordArrivesByteForByteAndItsFutureSaysWhere() {
        broker.createTopic("t", 3);
        List<Header> headers = List.of(
                new Header("a", new byte[] {0, -1}),
                new Header("a", null),
                new Header("", "ü".getBytes(StandardCharsets.UTF_8)));
        try (TidemarkProducer<byte[], byte[]> producer =
                TidemarkProducer.builder().servers(broker.url()).build()) {
            RecordMetadata first = producer.send(
                            new ProducerRecord<>("t", 2, 1234L, new byte[] {1, 0}, new byte[] {-128, 127}, headers))
                    .join();
            RecordMetadata second = producer.send(new ProducerRecord<byte[], byte[]>("t", 2, 77L, null, null))
                    .join();

            assertThat(first).isEqualTo(new RecordMetadata("t", 2, 0, 1234));
            assertThat(second).isEqualTo(new RecordMetadata("t", 2, 1, 77));
        }
        List<FakeBroker.Stored> records = broker.records("t", 2);
        assertThat(records.get(0).timestampMs()).isEqualTo(1234);
        assertThat(records.get(0).key()).containsExactly(1, 0);
        assertThat(records.get(0).value()).containsExactly(-128, 127);
        byte[] json = records.get(0).headers();
        assertThat(HeaderCodec.decode(json, 0, json.length)).isEqualTo(headers);
        assertThat(records.get(1).key()).isNull();
        assertThat(records.get(1).value()).isNull();
        assertThat(records.get(1).headers()).isNull();
    }

    @Test
    void aRecordWithoutATimestampGetsTheTimeOfSend() {
        broker.createTopic("t", 1);
        long before = System.currentTimeMillis();
        try (TidemarkProducer<String, String> producer = settings().build()) {
            RecordMetadata sent = producer.send(new ProducerRecord<>("t", "v")).join();
            assertThat(sent.timestamp()).isBetween(before, System.currentTimeMillis());
        }
    }

    @Test
    void recordsWithAKeyGoToTheKeysPartition() {
        broker.createTopic("t", 7);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            for (int i = 0; i < 200; i++) {
                String key = "key " + i;
                RecordMetadata sent =
                        producer.send(new ProducerRecord<>("t", key, "v")).join();
                assertThat(sent.partition()).isEqualTo(Partitioner.forKey(key.getBytes(StandardCharsets.UTF_8), 7));
            }
        }
    }

    @Test
    void recordsWithoutAKeyStayWithAPartitionUntilItsBatchIsFull() {
        broker.createTopic("t", 4);
        CountDownLatch go = new CountDownLatch(1);
        broker.fault = (number, request) -> {
            go.await();
            request.handle();
        };
        // The first request may take any number; everything after it gathers.
        try (TidemarkProducer<String, String> producer = settings()
                .batchBytes(10 * (50 + 100))
                .linger(Duration.ofMinutes(1))
                .build()) {
            for (int i = 0; i < 80; i++) {
                producer.send(new ProducerRecord<>("t", "v".repeat(100)));
            }
            go.countDown();
        }
        assertThat(IntStream.range(0, 4).map(p -> broker.records("t", p).size()))
                .containsExactly(20, 20, 20, 20);
    }

    @Test
    void aPartitionerOfOnesOwnDecides() {
        broker.createTopic("t", 3);
        try (TidemarkProducer<String, String> producer =
                settings().partitioner((topic, key, value, count) -> count - 1).build()) {
            assertThat(producer.send(new ProducerRecord<>("t", "k", "v")).join().partition())
                    .isEqualTo(2);
        }
    }

    @Test
    void manyRecordsOfEverySizeArriveInOrder() {
        broker.createTopic("t", 1);
        List<String> values = new ArrayList<>();
        Random random = new Random(7);
        try (TidemarkProducer<String, String> producer =
                settings().batchBytes(100_000).bufferBytes(4 << 20).build()) {
            List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                String value =
                        i + " " + "x".repeat(random.nextInt(10) == 0 ? random.nextInt(200_000) : random.nextInt(300));
                values.add(value);
                sent.add(producer.send(new ProducerRecord<>("t", value)));
            }
            for (int i = 0; i < sent.size(); i++) {
                assertThat(sent.get(i).join().offset()).isEqualTo(i);
            }
            assertThat(producer.metrics().recordsSent()).isEqualTo(2000);
            assertThat(producer.metrics().bufferBytesUsed()).isZero();
        }
        assertThat(broker.values("t", 0)).isEqualTo(values);
    }

    @Test
    void aLostAnswerIsAskedForAgainAndNothingIsDoubled() {
        broker.createTopic("t", 1);
        broker.fault = (number, request) -> {
            if (number == 1) {
                request.handleAndCut();
            } else {
                request.handle();
            }
        };
        try (TidemarkProducer<String, String> producer = settings().build()) {
            assertThat(producer.send(new ProducerRecord<>("t", "once")).join().offset())
                    .isZero();
            assertThat(producer.metrics().retries()).isEqualTo(1);
        }
        assertThat(broker.values("t", 0)).containsExactly("once");
    }

    @Test
    void anUnknownOutcomeIsTriedAgainUnderTheSameSequence() {
        broker.createTopic("t", 1);
        broker.fault = (number, request) -> {
            if (number == 1) {
                request.handleAndRefuse(ErrorCode.REQUEST_TIMED_OUT);
            } else {
                request.handle();
            }
        };
        try (TidemarkProducer<String, String> producer = settings().build()) {
            assertThat(producer.send(new ProducerRecord<>("t", "once")).join().offset())
                    .isZero();
        }
        assertThat(broker.values("t", 0)).containsExactly("once");
    }

    @Test
    void aRequestWithoutAnAnswerIsSentAgainAfterItsTimeout() {
        broker.createTopic("t", 1);
        CountDownLatch never = new CountDownLatch(1);
        broker.fault = (number, request) -> {
            if (number == 1) {
                never.await();
            } else {
                request.handle();
            }
        };
        try (TidemarkProducer<String, String> producer =
                settings().requestTimeout(Duration.ofMillis(100)).build()) {
            assertThat(producer.send(new ProducerRecord<>("t", "v")).join().offset())
                    .isZero();
        }
        assertThat(broker.values("t", 0)).containsExactly("v");
    }

    @Test
    void batchesThatOvertakeEachOtherAreSentAgainInOrder() {
        broker.createTopic("t", 1);
        CountDownLatch laterWasRefused = new CountDownLatch(1);
        broker.fault = (number, request) -> {
            if (number == 1) {
                laterWasRefused.await();
                request.handle();
            } else {
                request.handle();
                laterWasRefused.countDown();
            }
        };
        try (TidemarkProducer<String, String> producer =
                settings().batchBytes(60).build()) {
            List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 50);
            for (int i = 0; i < 50; i++) {
                assertThat(sent.get(i).join().offset()).isEqualTo(i);
            }
        }
        assertThat(broker.values("t", 0)).isEqualTo(numbers(50));
        assertThat(broker.epochs("t", 0)).containsExactly((short) 0);
    }

    /** Everything at once: cut connections, lost answers, refusals, overtaking; from several threads. */
    @RepeatedTest(5)
    void whateverGoesWrongEveryRecordIsThereOnceAndInOrder() throws InterruptedException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        broker.createTopic("t", 3);
        broker.fault = (number, request) -> {
            int dice;
            synchronized (random) {
                dice = random.nextInt(12);
            }
            switch (dice) {
                case 0 -> request.cut();
                case 1 -> request.handleAndCut();
                case 2 -> request.refuse(ErrorCode.BROKER_NOT_AVAILABLE);
                case 3 -> request.handleAndRefuse(ErrorCode.REQUEST_TIMED_OUT);
                case 4 -> request.refuse(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
                default -> request.handle();
            }
        };
        int threads = 3;
        int each = 1500;
        List<CompletableFuture<RecordMetadata>> sent = Collections.synchronizedList(new ArrayList<>());
        try (TidemarkProducer<String, String> producer =
                settings().batchBytes(2000).build()) {
            List<Thread> senders = IntStream.range(0, threads)
                    .mapToObj(t -> new Thread(() -> {
                        for (int i = 0; i < each; i++) {
                            sent.add(producer.send(new ProducerRecord<>("t", t, "k", t + " " + i)));
                        }
                    }))
                    .toList();
            senders.forEach(Thread::start);
            for (Thread sender : senders) {
                sender.join();
            }
            producer.flush();
        }
        for (int t = 0; t < threads; t++) {
            int partition = t;
            assertThat(broker.values("t", t))
                    .as("seed %d", seed)
                    .isEqualTo(IntStream.range(0, each)
                            .mapToObj(i -> partition + " " + i)
                            .toList());
            assertThat(broker.epochs("t", t)).as("seed %d", seed).containsExactly((short) 0);
        }
        assertThat(sent).allMatch(future -> future.isDone() && !future.isCompletedExceptionally());
    }

    @Test
    void aBadRecordFailsAloneAndTheOthersKeepTheirOrder() {
        broker.createTopic("t", 1);
        broker.badValue = "7";
        try (TidemarkProducer<String, String> producer =
                settings().batchBytes(600).build()) {
            List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 300);
            for (int i = 0; i < 300; i++) {
                if (("" + i).contains("7")) {
                    assertThat(failure(sent.get(i)))
                            .isInstanceOf(InvalidRecordException.class)
                            .hasMessageContaining("is bad");
                } else {
                    sent.get(i).join();
                }
            }
            assertThat(producer.metrics().bufferBytesUsed()).isZero();
        }
        assertThat(broker.values("t", 0))
                .isEqualTo(numbers(300).stream().filter(v -> !v.contains("7")).toList());
    }

    @Test
    void aBatchOfBadRecordsOnlyFailsWholeAndEachForItsOwnReason() {
        broker.createTopic("t", 1);
        broker.badValue = "bad";
        try (TidemarkProducer<String, String> producer =
                settings().linger(Duration.ofMillis(50)).build()) {
            List<CompletableFuture<RecordMetadata>> bad = Stream.of("bad 0", "bad 1")
                    .map(value -> producer.send(new ProducerRecord<>("t", value)))
                    .toList();
            for (int i = 0; i < bad.size(); i++) {
                assertThat(failure(bad.get(i)))
                        .isInstanceOf(InvalidRecordException.class)
                        .hasMessageContaining("record " + i + " is bad");
            }
            assertThat(producer.send(new ProducerRecord<>("t", "good")).join().offset())
                    .isZero();
        }
    }

    @Test
    void aLogThatForgotTheProducerGetsTheNextEpoch() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.send(new ProducerRecord<>("t", "before")).join();
            broker.forgetProducers();
            assertThat(producer.send(new ProducerRecord<>("t", "after")).join().offset())
                    .isEqualTo(1);
        }
        assertThat(broker.epochs("t", 0)).containsExactly((short) 1);
        assertThat(broker.values("t", 0)).containsExactly("before", "after");
    }

    @Test
    void recordsThatAreNotAcknowledgedInTimeFailAndLaterOnesPass() {
        broker.createTopic("t", 1);
        broker.fault = (number, request) -> request.refuse(ErrorCode.BROKER_NOT_AVAILABLE);
        try (TidemarkProducer<String, String> producer =
                settings().deliveryTimeout(Duration.ofMillis(200)).build()) {
            List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 10);
            for (CompletableFuture<RecordMetadata> future : sent) {
                assertThat(failure(future))
                        .isInstanceOf(TidemarkTimeoutException.class)
                        .hasMessageContaining("not acknowledged within 200 ms");
            }
            // One that was on its way when its records' time was up would still be taken.
            await().until(() -> producer.metrics().requestsInFlight() == 0);
            broker.fault = FakeBroker.Fault.NONE;
            assertThat(producer.send(new ProducerRecord<>("t", "later")).join().offset())
                    .isZero();
            assertThat(producer.metrics().bufferBytesUsed()).isZero();
        }
        assertThat(broker.values("t", 0)).containsExactly("later");
    }

    @Test
    void aServerThatIsGoneIsReplacedByTheNext() {
        try (FakeBroker other = new FakeBroker()) {
            broker.createTopic("t", 1);
            other.createTopic("t", 1);
            try (TidemarkProducer<String, String> producer =
                    settings().servers(broker.url(), other.url()).build()) {
                producer.send(new ProducerRecord<>("t", "one")).join();
                boolean wasHere = broker.records("t", 0).size() == 1;
                (wasHere ? broker : other).close();
                producer.send(new ProducerRecord<>("t", "two")).join();
                // The other log does not know the producer, as a real one would.
                assertThat((wasHere ? other : broker).values("t", 0)).containsExactly("two");
            }
        }
    }

    @Test
    void withoutIdempotenceOneRequestOfAPartitionIsInFlightAtATime() {
        broker.createTopic("t", 1);
        AtomicInteger inFlight = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        broker.fault = (number, request) -> {
            most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
            inFlight.decrementAndGet();
            if (number % 3 == 0) {
                request.refuse(ErrorCode.BROKER_NOT_AVAILABLE);
            } else {
                request.handle();
            }
        };
        try (TidemarkProducer<String, String> producer =
                settings().idempotence(false).batchBytes(200).build()) {
            sendNumbers(producer, 300);
        }
        assertThat(most).hasValue(1);
        assertThat(broker.values("t", 0)).isEqualTo(numbers(300));
        assertThat(broker.requests).noneMatch(request -> request.contains("/v1/producers"));
    }

    @Test
    void withoutAcknowledgementThereIsNoOffset() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer =
                settings().acks(Acks.NONE).build()) {
            RecordMetadata sent = producer.send(new ProducerRecord<>("t", "v")).join();
            assertThat(sent.hasOffset()).isFalse();
            assertThat(sent.offset()).isEqualTo(-1);
        }
        assertThat(broker.requests).anyMatch(request -> request.endsWith("/v1/topics/t/records?acks=0"));
    }

    @Test
    void flushWaitsForEverythingSentBefore() {
        broker.createTopic("t", 5);
        try (TidemarkProducer<String, String> producer =
                settings().linger(Duration.ofMinutes(1)).build()) {
            List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                sent.add(producer.send(new ProducerRecord<>("t", "k" + i, "v")));
            }
            producer.flush();
            assertThat(sent).allMatch(CompletableFuture::isDone);
        }
    }

    @Test
    void lingerHoldsARecordBackForOthers() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer =
                settings().linger(Duration.ofMillis(50)).build()) {
            List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 20);
            sent.forEach(CompletableFuture::join);
            assertThat(producer.metrics().requests()).isLessThan(20);
        }
    }

    @Test
    void callbacksRunInTheOrderOfSendingAndMayThrow() {
        broker.createTopic("t", 1);
        broker.fault = (number, request) -> {
            if (number % 4 == 1) {
                request.handleAndCut();
            } else {
                request.handle();
            }
        };
        List<Long> offsets = Collections.synchronizedList(new ArrayList<>());
        try (TidemarkProducer<String, String> producer =
                settings().batchBytes(120).build()) {
            for (int i = 0; i < 200; i++) {
                producer.send(new ProducerRecord<>("t", "v"), (metadata, exception) -> {
                    offsets.add(metadata.offset());
                    if (metadata.offset() == 100) {
                        throw new IllegalStateException("a mistake in a callback");
                    }
                });
            }
        }
        assertThat(offsets)
                .isEqualTo(IntStream.range(0, 200).mapToObj(Long::valueOf).toList());
    }

    @Test
    void aCallbackIsToldOfFailures() {
        broker.createTopic("t", 1);
        broker.fault = (number, request) -> request.refuse(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
        AtomicReference<TidemarkException> told = new AtomicReference<>();
        try (TidemarkProducer<String, String> producer = settings().build()) {
            CompletableFuture<RecordMetadata> sent =
                    producer.send(new ProducerRecord<>("t", "v"), (metadata, exception) -> told.set(exception));
            assertThat(failure(sent)).isInstanceOf(AuthorizationException.class);
            producer.flush();
        }
        assertThat(told.get().errorCode()).isEqualTo(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }

    @Test
    void sendBlocksWhileTheBufferIsFullAndThenFails() {
        broker.createTopic("t", 1);
        CountDownLatch go = new CountDownLatch(1);
        broker.fault = (number, request) -> {
            go.await();
            request.handle();
        };
        try (TidemarkProducer<String, String> producer = settings()
                .maxRequestBytes(10_000)
                .bufferBytes(50_000)
                .batchBytes(5_000)
                .maxBlock(Duration.ofMillis(50))
                .build()) {
            List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
            Throwable failure = null;
            while (failure == null) {
                failure = catchThrowable(() -> sent.add(producer.send(new ProducerRecord<>("t", "x".repeat(1000)))));
            }
            assertThat(failure).isInstanceOf(BufferExhaustedException.class);
            assertThat(sent).hasSizeBetween(30, 50);
            go.countDown();
            sent.forEach(CompletableFuture::join);
            producer.send(new ProducerRecord<>("t", "again")).join();
        }
    }

    @Test
    void aFullBufferIsSentThoughLingerIsLong() {
        broker.createTopic("t", 2);
        try (TidemarkProducer<String, String> producer = settings()
                .maxRequestBytes(10_000)
                .bufferBytes(20_000)
                .batchBytes(10_000)
                .linger(Duration.ofMinutes(5))
                .build()) {
            for (int i = 0; i < 500; i++) {
                producer.send(new ProducerRecord<>("t", "k" + i, "x".repeat(100)));
            }
        }
        assertThat(broker.records("t", 0).size() + broker.records("t", 1).size())
                .isEqualTo(500);
    }

    @Test
    void aCallbackThatFindsTheBufferFullFailsAtOnce() throws InterruptedException {
        broker.createTopic("t", 1);
        CountDownLatch go = new CountDownLatch(1);
        broker.fault = (number, request) -> {
            go.await();
            request.handle();
        };
        AtomicReference<Throwable> inCallback = new AtomicReference<>();
        CountDownLatch called = new CountDownLatch(1);
        TidemarkProducer<String, String> producer = settings()
                .maxRequestBytes(10_000)
                .bufferBytes(10_000)
                .batchBytes(1_000)
                .maxBlock(Duration.ofSeconds(30))
                .build();
        try (producer) {
            producer.send(new ProducerRecord<>("t", "x"), (metadata, exception) -> {
                inCallback.set(catchThrowable(() -> {
                    for (int i = 0; i < 1000; i++) {
                        producer.send(new ProducerRecord<>("t", "y".repeat(900)));
                    }
                }));
                called.countDown();
            });
            go.countDown();
            called.await();
        }
        assertThat(inCallback.get()).isInstanceOf(BufferExhaustedException.class);
    }

    @Test
    void closeWaitsForWhatIsOnItsWayAndRefusesMore() {
        broker.createTopic("t", 1);
        TidemarkProducer<String, String> producer =
                settings().linger(Duration.ofMinutes(1)).build();
        CompletableFuture<RecordMetadata> sent = producer.send(new ProducerRecord<>("t", "v"));
        producer.close();
        assertThat(sent.join().offset()).isZero();
        assertThatIllegalStateException().isThrownBy(() -> producer.send(new ProducerRecord<>("t", "v")));
        producer.close();
    }

    @Test
    void closeWithATimeoutFailsWhatIsNotThroughByThen() {
        broker.createTopic("t", 1);
        CountDownLatch never = new CountDownLatch(1);
        broker.fault = (number, request) -> never.await();
        TidemarkProducer<String, String> producer = settings().batchBytes(100).build();
        List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 20);
        producer.close(Duration.ofMillis(50));
        for (CompletableFuture<RecordMetadata> future : sent) {
            assertThat(failure(future))
                    .isInstanceOf(TidemarkTimeoutException.class)
                    .hasMessageContaining("closed");
        }
        assertThat(threadNames()).noneMatch(name -> name.startsWith("tidemark-producer"));
    }

    @Test
    void aRecordThatNoRequestCanHoldIsRefusedBeforeItIsSent() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer =
                settings().maxRequestBytes(2000).build()) {
            assertThatExceptionOfType(RecordTooLargeException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("t", "x".repeat(1930))))
                    .withMessageContaining("1980 bytes");
            producer.send(new ProducerRecord<>("t", "x".repeat(1900))).join();
        }
    }

    @Test
    void whatCannotBeSerializedIsRefusedBeforeItIsSent() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, Object> producer =
                settings().valueSerializer(Serializers.json()).build()) {
            assertThatExceptionOfType(SerializationException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("t", new Object())))
                    .withMessageContaining("the value for topic t");
            assertThatExceptionOfType(SerializationException.class)
                    .isThrownBy(() ->
                            producer.send(new ProducerRecord<>("t", "k", "v", List.of(new Header("\u0000", null)))))
                    .withMessageContaining("NUL");
        }
    }

    @Test
    void anUnknownTopicOrPartitionIsSaidBySend() {
        broker.createTopic("t", 2);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            assertThatExceptionOfType(UnknownTopicOrPartitionException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("nosuch", "v")))
                    .withMessageContaining("nosuch");
            assertThatExceptionOfType(UnknownTopicOrPartitionException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("t", 2, "k", "v")))
                    .withMessageContaining("only 0 to 1");
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("..", "v")))
                    .isInstanceOf(TidemarkException.class)
                    .hasMessageContaining("not a legal topic name");
            assertThat(producer.partitionsFor("t"))
                    .containsExactly(new TopicPartition("t", 0), new TopicPartition("t", 1));
        }
    }

    @Test
    void partitionsAddedLaterAreFoundWhenAskedFor() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.send(new ProducerRecord<>("t", "v")).join();
            broker.createTopic("t", 3);
            assertThat(producer.partitionsFor("t")).hasSize(3);
            assertThat(producer.send(new ProducerRecord<>("t", 2, "k", "v"))
                            .join()
                            .partition())
                    .isEqualTo(2);
        }
    }

    /** Whoever adds a partition may write to it at once, however lately the producer has asked. */
    @Test
    void aPartitionAddedJustNowIsFoundBySend() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.send(new ProducerRecord<>("t", "v")).join();
            broker.createTopic("t", 3);
            assertThat(producer.send(new ProducerRecord<>("t", 2, "k", "v"))
                            .join()
                            .partition())
                    .isEqualTo(2);
        }
        assertThat(descriptionsOf("t")).isEqualTo(2);
    }

    @Test
    void aTopicMadeAgainWithMorePartitionsTakesThemAtOnce() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.send(new ProducerRecord<>("t", "v")).join();
            broker.deleteTopic("t");
            broker.createTopic("t", 2);
            assertThat(producer.send(new ProducerRecord<>("t", 1, "k", "v"))
                            .join()
                            .partition())
                    .isEqualTo(1);
        }
    }

    @Test
    void aTopicMadeAfterItWasMissedIsFoundAtOnce() {
        try (TidemarkProducer<String, String> producer = settings().build()) {
            assertThatExceptionOfType(UnknownTopicOrPartitionException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("t", "v")));
            broker.createTopic("t", 2);
            assertThat(producer.send(new ProducerRecord<>("t", 1, "k", "v"))
                            .join()
                            .partition())
                    .isEqualTo(1);
        }
        assertThat(descriptionsOf("t")).isEqualTo(2);
    }

    /** Many threads with the same mistake wait for one answer, not for one after the other. */
    @Test
    void aPartitionThatIsNotThereIsAskedForTogether() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.send(new ProducerRecord<>("t", "v")).join();
            List<CompletableFuture<?>> mistakes = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                mistakes.add(onAThread(() -> producer.send(new ProducerRecord<>("t", 1, "k", "v"))));
            }
            mistakes.forEach(
                    mistake -> assertThat(failure(mistake)).isInstanceOf(UnknownTopicOrPartitionException.class));
        }
        assertThat(descriptionsOf("t")).isLessThan(5);
    }

    @Test
    void maxBlockBoundsTheSearchForAPartitionToo() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer =
                settings().maxBlock(Duration.ofMillis(200)).build()) {
            producer.send(new ProducerRecord<>("t", "v")).join();
            broker.refuseOthers = ErrorCode.BROKER_NOT_AVAILABLE;
            long before = System.nanoTime();
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("t", 1, "k", "v")))
                    .isInstanceOf(TidemarkException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void lookUpsOutliveAConnectionThatIsCutUnderThem() {
        broker.createTopic("t", 1);
        broker.createTopic("u", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.partitionsFor("t");
            broker.cutNext("/u");
            broker.cutNext("/v1/producers");
            assertThat(producer.send(new ProducerRecord<>("u", "v")).join().offset())
                    .isZero();
        }
        assertThat(descriptionsOf("u")).isEqualTo(2);
        assertThat(broker.requests).filteredOn("POST /v1/producers"::equals).hasSize(2);
    }

    @Test
    void aTopicMadeAgainWithFewerPartitionsIsLearntAnew() {
        broker.createTopic("t", 8);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            for (int i = 0; i < 50; i++) {
                producer.send(new ProducerRecord<>("t", "k" + i, "v"));
            }
            producer.flush();
            broker.deleteTopic("t");
            assertThat(failure(producer.send(new ProducerRecord<>("t", "v"))))
                    .isInstanceOf(UnknownTopicOrPartitionException.class);
            assertThatExceptionOfType(UnknownTopicOrPartitionException.class)
                    .isThrownBy(() -> producer.send(new ProducerRecord<>("t", "v")));
            broker.createTopic("t", 2);
            for (int i = 0; i < 50; i++) {
                RecordMetadata sent =
                        producer.send(new ProducerRecord<>("t", "k" + i, "v")).join();
                assertThat(sent.partition()).isLessThan(2);
            }
        }
        assertThat(broker.records("t", 0).size() + broker.records("t", 1).size())
                .isEqualTo(50);
    }

    @Test
    void requestsTooLargeForWhatIsOnTheWayAreMadeSmaller() {
        broker.createTopic("t", 4);
        broker.fault = (number, request) -> {
            if (request.batches().size() > 1) {
                request.refuse(ErrorCode.MESSAGE_TOO_LARGE);
            } else {
                request.handle();
            }
        };
        try (TidemarkProducer<String, String> producer =
                settings().linger(Duration.ofMillis(20)).build()) {
            List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                sent.add(producer.send(new ProducerRecord<>("t", "k" + i, "v")));
            }
            sent.forEach(CompletableFuture::join);
        }
    }

    @Test
    void whoMayNotProduceIsToldByEveryFuture() {
        broker.createTopic("t", 1);
        try (TidemarkProducer<String, String> producer = settings().build()) {
            producer.partitionsFor("t");
            broker.refuseOthers = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
            // The topic is known; the producer id is what is refused now.
            List<CompletableFuture<RecordMetadata>> sent = sendNumbers(producer, 3);
            for (CompletableFuture<RecordMetadata> future : sent) {
                assertThat(failure(future)).isInstanceOf(AuthorizationException.class);
            }
            broker.refuseOthers = null;
            assertThat(producer.send(new ProducerRecord<>("t", "v")).join().offset())
                    .isZero();
        }
    }

    @Test
    void severalTopicsShareAProducer() {
        Set<String> topics = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            broker.createTopic("t" + i, 2);
            topics.add("t" + i);
        }
        try (TidemarkProducer<String, String> producer = settings().build()) {
            for (int i = 0; i < 1000; i++) {
                producer.send(new ProducerRecord<>("t" + i % 20, "k" + i, "v" + i));
            }
        }
        int records = topics.stream()
                .mapToInt(topic -> broker.records(topic, 0).size()
                        + broker.records(topic, 1).size())
                .sum();
        assertThat(records).isEqualTo(1000);
    }

    @Test
    void settingsOutOfRangeAreRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().maxInFlightRequests(6).build())
                .withMessageContaining("maxInFlightRequests is at most 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().acks(Acks.LEADER).idempotence(true).build())
                .withMessageContaining("idempotence needs acks ALL");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().batchBytes(0).build())
                .withMessageContaining("batchBytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().bufferBytes(100).build())
                .withMessageContaining("bufferBytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().servers("ftp://x"))
                .withMessageContaining("not a server address: 'ftp://x'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings().token("a b"))
                .withMessageContaining("token");
    }

    private long descriptionsOf(String topic) {
        return broker.requests.stream()
                .filter(("GET /v1/topics/" + topic)::equals)
                .count();
    }

    private static <T> CompletableFuture<T> onAThread(Supplier<T> task) {
        CompletableFuture<T> done = new CompletableFuture<>();
        done.completeAsync(task, run -> new Thread(run).start());
        return done;
    }

    private static List<CompletableFuture<RecordMetadata>> sendNumbers(
            TidemarkProducer<String, String> producer, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> producer.send(new ProducerRecord<>("t", "" + i)))
                .toList();
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(i -> "" + i).toList();
    }

    private static Throwable failure(CompletableFuture<?> future) {
        Throwable thrown = catchThrowable(future::join);
        assertThat(thrown).isInstanceOf(CompletionException.class);
        return thrown.getCause();
    }

    private static List<String> threadNames() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .toList();
    }
}
