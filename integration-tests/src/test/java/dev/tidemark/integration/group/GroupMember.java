package dev.tidemark.integration.group;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A member that beats on a thread of its own, asks the next server when one does not answer, and reads what it was told last. */
final class GroupMember implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** With a heartbeat: well below the session timeout, so that there is time to ask another server. */
    private static final Duration PATIENCE = Duration.ofMillis(700);

    /** The first to come makes the group, at a server that may just have started. */
    private static final Duration PATIENCE_TO_JOIN = Duration.ofSeconds(20);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<URI> servers;
    private final String path;
    private final String id;
    private final Thread thread = new Thread(this::run);
    private final ConcurrentLinkedQueue<String> refusals = new ConcurrentLinkedQueue<>();
    private int server;
    private volatile JsonNode told = JSON.createObjectNode();
    private volatile boolean isStopped;
    private volatile long answers;

    private GroupMember(String group, String id, List<URI> servers) {
        this.servers = servers;
        this.path = "/v1/groups/" + group + "/members";
        this.id = id;
    }

    /** @param servers in the order in which they are asked */
    static GroupMember join(String group, String id, String topic, List<URI> servers) {
        GroupMember member = new GroupMember(group, id, servers);
        String body = "{\"member_id\":\"" + id + "\",\"topics\":[\"" + topic
                + "\"],\"session_timeout_ms\":3000,\"heartbeat_interval_ms\":300}";
        HttpResponse<String> answer = member.send(member.path, body, PATIENCE_TO_JOIN);
        if (answer == null || answer.statusCode() != 200) {
            throw new AssertionError("could not join: " + (answer == null ? "no answer" : answer.body()));
        }
        member.take(answer);
        member.thread.setDaemon(true);
        member.thread.start();
        return member;
    }

    private void run() {
        while (!isStopped) {
            String body =
                    "{\"generation_id\":" + told.path("generation_id") + ",\"owned\":" + told.path("assignments") + "}";
            HttpResponse<String> answer = send(path + "/" + id + "/heartbeat", body, PATIENCE);
            if (answer == null || answer.statusCode() == 503) {
                server++;
            } else if (answer.statusCode() == 200) {
                take(answer);
                answers++;
            } else {
                refusals.add(answer.body());
                return;
            }
            pause();
        }
    }

    /** Between two heartbeats: what members do. */
    private static void pause() {
        try {
            Thread.sleep(200);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void take(HttpResponse<String> answer) {
        try {
            told = JSON.readTree(answer.body());
        } catch (IOException e) {
            throw new AssertionError(answer.body(), e);
        }
    }

    private HttpResponse<String> send(String at, String body, Duration patience) {
        HttpRequest request = HttpRequest.newBuilder(
                        servers.get(server % servers.size()).resolve(at))
                .header("Content-Type", "application/json")
                .timeout(patience)
                .POST(BodyPublishers.ofString(body))
                .build();
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException unreachable) {
            return null;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    Set<Integer> reads() {
        Set<Integer> partitions = new TreeSet<>();
        told.path("assignments")
                .forEach(partition -> partitions.add(partition.path("partition").asInt()));
        return partitions;
    }

    int generation() {
        return told.path("generation_id").asInt();
    }

    /** How many heartbeats were answered well. */
    long answers() {
        return answers;
    }

    /** What it was told when it was a member no more. */
    List<String> refusals() {
        return new ArrayList<>(refusals);
    }

    /** Falls silent, as one that dies. */
    @Override
    public void close() {
        isStopped = true;
        thread.interrupt();
    }
}
