package dev.tidemark.integration.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.server.RunningServer;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server that appends so many bytes a second: producers wait their turn and lose nothing. */
class ThrottledProducerTest {
    private static final int BYTES_PER_SECOND = 200_000;
    private static final int VALUE_BYTES = 10_000;

    @RegisterExtension
    static final RunningServer server =
            new RunningServer("--max-append-bytes-per-second", Integer.toString(BYTES_PER_SECOND));

    @Test
    void producerWaitsAsItIsToldAndEveryRecordArrivesOnce() {
        String topic = RunningServer.newName();
        new JsonClient(server.http()).createTopic(topic, 1, Map.of());
        // A second's worth passes at once; the rest takes two more.
        int records = 3 * BYTES_PER_SECOND / VALUE_BYTES;
        long start = System.nanoTime();
        List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
        try (TidemarkProducer<byte[], String> producer = TidemarkProducer.builder()
                .servers(server.uri().toString())
                .valueSerializer(Serializers.text())
                .batchBytes(4 * VALUE_BYTES)
                .deliveryTimeout(Duration.ofMinutes(1))
                .build()) {
            for (int i = 0; i < records; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(VALUE_BYTES))));
            }
            producer.flush();
        }
        assertThat(sent)
                .extracting(CompletableFuture::join)
                .extracting(RecordMetadata::offset)
                .doesNotHaveDuplicates()
                .hasSize(records);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
        assertThat(server.meter("tidemark_append_throttled_requests_total", "limit=\"rate\""))
                .isPositive();
    }

    @Test
    void answerSaysWhenToComeAgain() throws Exception {
        String topic = RunningServer.newName();
        new JsonClient(server.http()).createTopic(topic, 1, Map.of());
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest request = server.http()
                .request("/v1/topics/" + topic + "/records")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"records\":[{\"value\":\"" + "x".repeat(4 * BYTES_PER_SECOND) + "\"}]}"))
                .build();

        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        while (answer.statusCode() == 200) {
            answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        }

        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.body()).contains("THROTTLING_QUOTA_EXCEEDED", BYTES_PER_SECOND + " bytes a second");
        assertThat(answer.headers().firstValueAsLong("Retry-After").orElse(0)).isPositive();
    }
}
