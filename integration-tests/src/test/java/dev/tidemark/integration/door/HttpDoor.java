package dev.tidemark.integration.door;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.OffsetAnswer;
import dev.tidemark.protocol.api.ProducerIdentity;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicList;
import dev.tidemark.protocol.api.TopicSummary;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What the JSON and the binary form share: everything but records. */
abstract class HttpDoor implements WireClient {
    private static final int READ_WAIT_MS = 20_000;

    final HttpApi http;

    HttpDoor(HttpApi http) {
        this.http = http;
    }

    @Override
    public TopicDescription createTopic(String name, int partitionCount, Map<String, String> configs) {
        return http.call(
                "POST", "/v1/topics", new CreateTopicRequest(name, partitionCount, configs), TopicDescription.class);
    }

    @Override
    public List<String> listTopics() {
        return http.get("/v1/topics", TopicList.class).topics().stream()
                .map(TopicSummary::name)
                .toList();
    }

    @Override
    public TopicDescription describeTopic(String name) {
        return http.get("/v1/topics/" + name, TopicDescription.class);
    }

    @Override
    public TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs) {
        return http.call("PATCH", "/v1/topics/" + name, new AlterTopicRequest(null, configs), TopicDescription.class);
    }

    @Override
    public TopicDescription addPartitions(String name, int partitionCount) {
        return http.call(
                "PATCH", "/v1/topics/" + name, new AlterTopicRequest(partitionCount, null), TopicDescription.class);
    }

    @Override
    public void deleteTopic(String name) {
        http.delete("/v1/topics/" + name);
    }

    @Override
    public ProducerIdentity newProducer() {
        JsonNode producer = http.post("/v1/producers", Map.of());
        return new ProducerIdentity(
                producer.get("producer_id").longValue(),
                producer.get("producer_epoch").shortValue());
    }

    @Override
    public CompletableFuture<List<Stored>> poll(String topic, int partition, long from, Duration wait) {
        return fetchAsync(topic, partition, from, Bounds.DEFAULT.withMaxWaitMs((int) wait.toMillis()))
                .thenApply(Fetched::records);
    }

    @Override
    public List<Stored> read(String topic, int partition, long from, int count) {
        List<Stored> all = new ArrayList<>(count);
        long next = from;
        while (all.size() < count) {
            Fetched fetched = fetch(topic, partition, next, new Bounds(count - all.size(), 8 << 20, READ_WAIT_MS));
            if (fetched.records().isEmpty()) {
                throw new AssertionError("only " + all.size() + " of " + count + " records came from offset " + from);
            }
            all.addAll(fetched.records());
            next = fetched.nextOffset();
        }
        return all;
    }

    @Override
    public long earliest(String topic, int partition) {
        return offset(topic, partition, "earliest").offset();
    }

    @Override
    public long latest(String topic, int partition) {
        return offset(topic, partition, "latest").offset();
    }

    @Override
    public Optional<OffsetAtTime> firstAt(String topic, int partition, Instant time) {
        OffsetAnswer answer = offset(topic, partition, time.toString());
        return answer.offset() == null
                ? Optional.empty()
                : Optional.of(new OffsetAtTime(
                        answer.offset(), Instant.parse(answer.timestamp()).toEpochMilli()));
    }

    private OffsetAnswer offset(String topic, int partition, String at) {
        return http.get("/v1/topics/" + topic + "/partitions/" + partition + "/offsets?at=" + at, OffsetAnswer.class);
    }

    static String records(String topic) {
        return "/v1/topics/" + topic + "/records";
    }

    static String recordsFrom(String topic, int partition, long offset, Bounds bounds) {
        return "/v1/topics/" + topic + "/partitions/" + partition + "/records?offset=" + offset + "&max_records="
                + bounds.maxRecords() + "&max_bytes=" + bounds.maxBytes() + "&max_wait_ms=" + bounds.maxWaitMs();
    }

    @Override
    public void close() {
        // The connections are everybody's.
    }
}
