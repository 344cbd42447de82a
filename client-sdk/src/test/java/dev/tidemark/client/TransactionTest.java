package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.TransactionFrame;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a transaction sends, and again when it is not answered; the server here says what it is told to. */
@Timeout(60)
class TransactionTest {
    private static final String TOOK_PLACE = "took place";
    private static final String CUT = "cut";

    private final Deque<String> answers = new ArrayDeque<>();
    private final List<byte[]> requests = new ArrayList<>();
    private final AtomicInteger producerIds = new AtomicInteger(6);
    private HttpServer server;
    private TidemarkProducer<String, String> producer;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext(
                "/v1/topics/",
                exchange -> answer(
                        exchange,
                        200,
                        "{\"name\":\"t\",\"id\":\"00000000-0000-0000-0000-000000000000\",\"partition_count\":2,\"configs\":{},\"partitions\":[]}"));
        server.createContext(
                "/v1/producers",
                exchange -> answer(
                        exchange, 200, "{\"producer_id\":" + producerIds.incrementAndGet() + ",\"producer_epoch\":0}"));
        server.createContext("/v1/records", this::answerTransaction);
        server.start();
        producer = producer(Duration.ofSeconds(20));
    }

    private TidemarkProducer<String, String> producer(Duration deliveryTimeout) {
        return TidemarkProducer.builder()
                .servers("http://127.0.0.1:" + server.getAddress().getPort())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .maxTransactionBytes(2000)
                .deliveryTimeout(deliveryTimeout)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(2))
                .build();
    }

    @AfterEach
    void stop() {
        producer.close();
        server.stop(0);
    }

    private void answerTransaction(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String told;
        synchronized (requests) {
            requests.add(body);
            told = answers.size() > 1 ? answers.remove() : answers.element();
        }
        if (told.equals(CUT)) {
            exchange.close();
        } else if (told.equals(TOOK_PLACE)) {
            answer(exchange, 200, tookPlace(body));
        } else {
            int status = ErrorCode.byName(told).orElseThrow().httpStatus();
            answer(exchange, status, "{\"error\":\"" + told + "\",\"detail\":\"as told\",\"retriable\":false}");
        }
    }

    private static String tookPlace(byte[] body) {
        List<String> batches = new ArrayList<>();
        TransactionFrame.read(body, body.length)
                .topics()
                .forEach(topic -> topic.batches()
                        .forEach(batch -> batches.add("{\"topic\":\"" + topic.topic() + "\",\"partition\":"
                                + batch.partition() + ",\"base_offset\":" + (100 * batch.partition() + 10)
                                + ",\"append_time_ms\":-1}")));
        return "{\"batches\":[" + String.join(",", batches) + "]}";
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private List<TransactionFrame.TopicBatches> sent(int request) {
        byte[] body = requests.get(request);
        return TransactionFrame.read(body, body.length).topics();
    }

    private static void one(Transaction<String, String> transaction) {
        transaction.send(new ProducerRecord<>("t", 1, "k", "v"));
    }

    @Test
    void recordsOfSeveralTopicsGoInOneRequestAndComeBackInTheirOrder() throws Exception {
        answers.add(TOOK_PLACE);

        List<RecordMetadata> places = producer.transaction(transaction -> {
            transaction.send(new ProducerRecord<>("b", 1, 5L, "k", "v"));
            transaction.send(new ProducerRecord<>("a", 0, 6L, "k", null));
            transaction.send(new ProducerRecord<>("b", 0, 7L, null, "v"));
            transaction.send(new ProducerRecord<>("b", 1, 8L, null, "w"));
            transaction.commit(new GroupOffsets(
                    "g", "m", 3, Map.of(new TopicPartition("in", 2), new OffsetAndMetadata(17, 4, "x"))));
        });

        assertThat(places)
                .containsExactly(
                        new RecordMetadata("b", 1, 110, 5),
                        new RecordMetadata("a", 0, 10, 6),
                        new RecordMetadata("b", 0, 10, 7),
                        new RecordMetadata("b", 1, 111, 8));
        assertThat(requests).hasSize(1);
        byte[] body = requests.get(0);
        TransactionFrame.Transaction frame = TransactionFrame.read(body, body.length);
        JsonNode commit = Json.forMessages()
                .readTree(new String(body, frame.commitAt(), frame.commitLength(), StandardCharsets.UTF_8));
        assertThat(commit)
                .isEqualTo(
                        Json.forMessages()
                                .readTree(
                                        "{\"group\":\"g\",\"member_id\":\"m\",\"generation_id\":3,\"offsets\":[{\"topic\":\"in\","
                                                + "\"partition\":2,\"committed_offset\":17,\"leader_epoch\":4,\"metadata\":\"x\"}]}"));
    }

    @Test
    void commitIsRepeatedWithItsNumber() throws Exception {
        answers.addAll(List.of(CUT, TOOK_PLACE));

        producer.transaction(transaction -> {
            one(transaction);
            transaction.commit(
                    new GroupOffsets("g", "m", 3, 8L, Map.of(new TopicPartition("in", 2), new OffsetAndMetadata(17))));
        });

        assertThat(requests).hasSize(2);
        for (byte[] body : requests) {
            TransactionFrame.Transaction frame = TransactionFrame.read(body, body.length);
            String commit = new String(body, frame.commitAt(), frame.commitLength(), StandardCharsets.UTF_8);
            assertThat(Json.forMessages().readTree(commit).get("commit_number").asLong())
                    .isEqualTo(8);
        }
    }

    @Test
    void whatTheFunctionThrowsIsThrownAndNothingIsSent() {
        assertThatThrownBy(() -> producer.transaction(transaction -> {
                    one(transaction);
                    throw new IOException("mine");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("mine");
        assertThat(producer.transaction(transaction -> {})).isEmpty();
        assertThat(requests).isEmpty();
    }

    @Test
    void transactionThatIsNotAnsweredIsSentAgainAsItWas() {
        answers.addAll(
                List.of(CUT, "BROKER_NOT_AVAILABLE", "REQUEST_TIMED_OUT", "THROTTLING_QUOTA_EXCEEDED", TOOK_PLACE));

        assertThat(producer.transaction(TransactionTest::one)).hasSize(1);

        assertThat(requests)
                .hasSize(5)
                .allSatisfy(request -> assertThat(request).isEqualTo(requests.get(0)));
    }

    @Test
    void sequencesGoOnByWhatTookPlaceAndStayWithWhatDidNot() {
        answers.addAll(List.of(TOOK_PLACE, "ILLEGAL_GENERATION", TOOK_PLACE, TOOK_PLACE));

        producer.transaction(transaction -> {
            one(transaction);
            one(transaction);
        });
        assertThatThrownBy(() -> producer.transaction(TransactionTest::one))
                .isInstanceOfSatisfying(
                        TidemarkException.class,
                        e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.ILLEGAL_GENERATION));
        producer.transaction(TransactionTest::one);
        producer.transaction(TransactionTest::one);

        assertThat(sequences()).containsExactly("7:0", "7:2", "7:2", "7:3");
    }

    private List<String> sequences() {
        List<String> sequences = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            ProduceFrame.Batch batch = sent(i).get(0).batches().get(0);
            sequences.add(batch.producerId() + ":" + batch.baseSequence());
        }
        return sequences;
    }

    @Test
    void rebalanceIsToldAtOnceBecauseTheConsumerHasToHearOfIt() {
        answers.add("REBALANCE_IN_PROGRESS");

        assertThatThrownBy(() -> producer.transaction(TransactionTest::one))
                .isInstanceOfSatisfying(
                        TidemarkException.class,
                        e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.REBALANCE_IN_PROGRESS));
        assertThat(requests).hasSize(1);
    }

    @Test
    void refusalAfterALostAnswerLeavesTheOutcomeOpenAndTheProducerIdUnused() {
        answers.addAll(List.of(CUT, "ILLEGAL_GENERATION", TOOK_PLACE));

        assertThatThrownBy(() -> producer.transaction(TransactionTest::one))
                .isInstanceOf(TidemarkTimeoutException.class)
                .hasMessageContaining("as told");
        producer.transaction(TransactionTest::one);

        assertThat(sequences()).containsExactly("7:0", "7:0", "8:0");
    }

    @Test
    void transactionWhoseTimeIsOverIsUnknown() {
        answers.add(CUT);
        try (TidemarkProducer<String, String> hurried = producer(Duration.ofMillis(200))) {
            assertThatThrownBy(() -> hurried.transaction(TransactionTest::one))
                    .isInstanceOf(TidemarkTimeoutException.class)
                    .hasMessageContaining("not known");
        }
        assertThat(requests).hasSizeGreaterThan(1);
    }

    @Test
    void topicThatWasMadeAgainIsBegunAnewByAnotherProducerId() {
        answers.addAll(List.of(TOOK_PLACE, "OUT_OF_ORDER_SEQUENCE_NUMBER", TOOK_PLACE));
        producer.transaction(TransactionTest::one);

        assertThat(producer.transaction(TransactionTest::one)).hasSize(1);

        assertThat(sequences()).containsExactly("7:0", "7:1", "8:0");
    }

    @Test
    void transactionHasABoundAndNothingOfItIsSentPastIt() {
        assertThatThrownBy(() -> producer.transaction(
                        transaction -> transaction.send(new ProducerRecord<>("t", "k", "x".repeat(2000)))))
                .isInstanceOf(TransactionTooLargeException.class)
                .hasMessageContaining("maxTransactionBytes, 2000 bytes");
        assertThat(requests).isEmpty();
    }

    @Test
    void transactionIsOfNoUseOnceItIsOver() {
        answers.add(TOOK_PLACE);
        List<Transaction<String, String>> kept = new ArrayList<>();
        producer.transaction(kept::add);

        assertThatThrownBy(() -> one(kept.get(0))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> producer.transaction(transaction -> {
                    transaction.commit(new GroupOffsets("g", "m", 1, Map.of()));
                    transaction.commit(new GroupOffsets("g", "m", 1, Map.of()));
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("commits offsets already");
    }
}
