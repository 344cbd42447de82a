package dev.tidemark.integration.door;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.client.Acks;
import java.net.http.HttpRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The JSON form. Keys and values that are UTF-8 go as strings, others in base64; a {@code json} topic's values go as the JSON they are. */
public final class JsonClient extends HttpDoor {
    /** By topic, whether its values are JSON. */
    private final Map<String, Boolean> jsonValues = new ConcurrentHashMap<>();

    public JsonClient(HttpApi http) {
        super(http);
    }

    @Override
    public List<Place> produce(String topic, Acks acks, List<Message> messages) {
        return Answers.join(produceAsync(topic, acks, Map.of(), messages));
    }

    @Override
    public CompletableFuture<List<Place>> produceAsync(String topic, Acks acks, Sequenced batch) {
        Map<String, Object> producer = new LinkedHashMap<>();
        producer.put("producer_id", batch.producer().producerId());
        producer.put("producer_epoch", batch.producer().producerEpoch());
        producer.put("base_sequences", Map.of(Integer.toString(batch.partition()), batch.baseSequence()));
        return produceAsync(
                topic,
                acks,
                producer,
                batch.messages().stream()
                        .map(message -> message.to(batch.partition()))
                        .toList());
    }

    private CompletableFuture<List<Place>> produceAsync(
            String topic, Acks acks, Map<String, Object> producer, List<Message> messages) {
        boolean json = hasJsonValues(topic);
        Map<String, Object> body = new LinkedHashMap<>(producer);
        body.put(
                "records",
                messages.stream()
                        .map(message -> JsonRecords.write(message, json))
                        .toList());
        HttpRequest.Builder request =
                http.withBody(records(topic) + "?acks=" + BinaryClient.wireName(acks), "POST", body);
        return http.sendAsync(request).thenApply(answer -> places(HttpApi.json(answer)));
    }

    private boolean hasJsonValues(String topic) {
        return jsonValues.computeIfAbsent(
                topic, name -> "json".equals(describeTopic(name).configs().get("value.type")));
    }

    private static List<Place> places(JsonNode answer) {
        List<Place> places = new ArrayList<>();
        for (JsonNode place : answer.get("offsets")) {
            places.add(new Place(
                    place.get("partition").intValue(),
                    place.get("offset").isNull() ? -1 : place.get("offset").longValue(),
                    Instant.parse(place.get("timestamp").textValue()).toEpochMilli()));
        }
        return places;
    }

    @Override
    public CompletableFuture<Fetched> fetchAsync(String topic, int partition, long offset, Bounds bounds) {
        return http.sendAsync(http.request(recordsFrom(topic, partition, offset, bounds))
                        .GET())
                .thenApply(answer -> JsonRecords.readOne(answer, hasJsonValues(topic)));
    }

    @Override
    public List<Fetched> fetchSeveral(List<Position> positions, int maxBytes, int maxWaitMs) {
        Map<String, Object> body = Map.of("partitions", positions, "max_bytes", maxBytes, "max_wait_ms", maxWaitMs);
        return JsonRecords.readSeveral(
                http.send(http.withBody("/v1/fetch", "POST", body)),
                positions.stream().map(p -> hasJsonValues(p.topic())).toList());
    }
}
