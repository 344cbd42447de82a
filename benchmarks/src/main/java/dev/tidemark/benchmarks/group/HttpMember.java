package dev.tidemark.benchmarks.group;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A member of a group over bare HTTP, which reads nothing and lets go of partitions at once. One thread at a time may call; others may ask what it was told last. */
final class HttpMember {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http;
    private final URI members;
    private final String id = UUID.randomUUID().toString();
    private volatile @Nullable JsonNode told;

    HttpMember(HttpClient http, String server, String group) {
        this.http = http;
        this.members = URI.create(server + "/v1/groups/" + group + "/members");
    }

    void join(String topic, Duration sessionTimeout) throws IOException, InterruptedException {
        ObjectNode body =
                JSON.createObjectNode().put("member_id", id).put("session_timeout_ms", sessionTimeout.toMillis());
        body.putArray("topics").add(topic);
        told = send(members, body);
    }

    void heartbeat() throws IOException, InterruptedException {
        ObjectNode body = JSON.createObjectNode()
                .put("generation_id", field("generation_id").intValue());
        body.set("owned", field("assignments"));
        told = send(URI.create(members + "/" + id + "/heartbeat"), body);
    }

    boolean isJoined() {
        return told != null;
    }

    int assigned() {
        return field("assignments").size();
    }

    Duration heartbeatInterval() {
        return Duration.ofMillis(field("heartbeat_interval_ms").intValue());
    }

    private JsonNode field(String name) {
        JsonNode answer = told;
        if (answer == null) {
            throw new IllegalStateException("not a member yet");
        }
        return answer.get(name);
    }

    private JsonNode send(URI uri, JsonNode body) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(uri)
                        .timeout(Duration.ofSeconds(30))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(uri + " answered " + answer.statusCode() + ": " + answer.body());
        }
        return JSON.readTree(answer.body());
    }
}
