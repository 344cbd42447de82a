package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.testing.TestDatabase;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two servers that watch over the members of groups together: who is expelled, who is not, and what that costs the database. */
@Timeout(120)
class ServersOfGroupsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final String SHORT = "\"session_timeout_ms\":3000,\"heartbeat_interval_ms\":500";

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static Server one;
    private static Server other;

    private final String group = "group-" + NAMES.incrementAndGet();
    private final String topic = "topic-" + NAMES.get();
    private final ScheduledExecutorService beating = Executors.newScheduledThreadPool(2);
    private final Map<String, JsonNode> told = new ConcurrentHashMap<>();

    @BeforeAll
    static void start() {
        one = server();
        other = server();
        await().until(() -> meter(one, "tidemark_cluster_servers") == 2);
    }

    private static Server server() {
        return Server.start(
                ServerConfig.read(List.of("--http-port=0"), Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl())));
    }

    @AfterAll
    static void stop() {
        one.close();
        other.close();
    }

    @AfterEach
    void nobodySharedAPartition() throws SQLException {
        beating.shutdownNow();
        Ownership.assertNeverShared(database);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.timeout(Duration.ofSeconds(20)).build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static HttpRequest.Builder post(Server server, String path, String body) {
        return HttpRequest.newBuilder(server.address().resolve(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
    }

    private static JsonNode json(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new AssertionError(response.body(), e);
        }
    }

    /** The sum over all of its tags. */
    private static double meter(Server server, String name) {
        HttpRequest.Builder get = HttpRequest.newBuilder(server.address().resolve("/metrics"));
        Matcher lines = Pattern.compile("(?m)^" + name + "(\\{[^}]*})? (\\S+)$")
                .matcher(send(get).body());
        double sum = 0;
        while (lines.find()) {
            sum += Double.parseDouble(lines.group(2));
        }
        return sum;
    }

    private void createTopic(int partitions) {
        String body = "{\"name\":\"" + topic + "\",\"partition_count\":" + partitions + "}";
        assertThat(send(post(one, "/v1/topics", body)).statusCode()).isEqualTo(201);
    }

    private JsonNode join(Server server, String member, String... fields) {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("\"member_id\":\"" + member + "\"");
        all.add("\"topics\":[\"" + topic + "\"]");
        HttpResponse<String> answer =
                send(post(server, "/v1/groups/" + group + "/members", "{" + String.join(",", all) + "}"));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        JsonNode joined = json(answer);
        told.put(member, joined);
        return joined;
    }

    /** Says that it reads what it was told last. */
    private HttpResponse<String> beat(Server server, String member) {
        JsonNode last = told.getOrDefault(member, JSON.createObjectNode());
        String body =
                "{\"generation_id\":" + last.path("generation_id") + ",\"owned\":" + last.path("assignments") + "}";
        HttpResponse<String> answer = send(post(server, heartbeat(member), body));
        if (answer.statusCode() == 200) {
            told.put(member, json(answer));
        }
        return answer;
    }

    private String heartbeat(String member) {
        return "/v1/groups/" + group + "/members/" + member + "/heartbeat";
    }

    private void keepBeating(Server server, String member) {
        beating.scheduleWithFixedDelay(() -> beat(server, member), 0, 300, TimeUnit.MILLISECONDS);
    }

    private int owned(String member) {
        return told.getOrDefault(member, JSON.createObjectNode())
                .path("assignments")
                .size();
    }

    @Test
    void whoFallsSilentIsExpelledAndToldWhyAndTheOthersTakeOver() {
        createTopic(4);
        join(one, "dying", SHORT);
        join(other, "living", SHORT);
        keepBeating(other, "living");
        await().until(() -> {
            beat(one, "dying");
            return owned("living") == 2 && owned("dying") == 2;
        });

        await().atMost(Duration.ofSeconds(30)).until(() -> owned("living") == 4);

        // It may have been the other server that expelled it: this one answers from memory a quarter of a second
        // longer.
        HttpResponse<String> late = await().until(() -> beat(one, "dying"), answer -> answer.statusCode() == 404);
        assertThat(json(late).path("error").asText()).isEqualTo("UNKNOWN_MEMBER_ID");
        assertThat(json(late).path("detail").asText()).contains("session timeout");
        assertThat(join(one, "dying", SHORT).path("member_id").asText())
                .as("it may come back")
                .isEqualTo("dying");
    }

    @Test
    void whoIsHeardByOneServerIsNotExpelledByTheOther() throws SQLException {
        createTopic(1);
        join(one, "m", SHORT);
        keepBeating(other, "m");
        // Six of its session timeouts, by what the servers beat meanwhile.
        awaitBeats(18);

        assertThat(beat(one, "m").statusCode()).isEqualTo(200);
        assertThat(database.string("select count(*) from tidemark_internal.past_member where member_id = 'm'"))
                .isEqualTo("0");
    }

    private static void awaitBeats(int seconds) throws SQLException {
        String count = "select extract(epoch from max(beat_at)) from tidemark_internal.server_beat";
        double from = Double.parseDouble(database.string(count));
        await().atMost(Duration.ofMinutes(1))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Double.parseDouble(database.string(count)) > from + seconds);
    }

    @Test
    void whoDoesNotLetGoIsExpelledThoughItIsHeard() {
        createTopic(2);
        JsonNode first = join(one, "holding", SHORT, "\"rebalance_timeout_ms\":3000");
        String holdsOn = "{\"generation_id\":2,\"owned\":" + first.path("assignments") + "}";
        join(other, "waiting", SHORT);
        keepBeating(other, "waiting");

        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    HttpResponse<String> answer = send(post(one, heartbeat("holding"), holdsOn));
                    return answer.statusCode() == 404
                            && json(answer).path("detail").asText().contains("rebalance timeout");
                });
        await().until(() -> owned("waiting") == 2);
    }

    @Test
    void aServerThatStopsTakesNobodyWithIt() throws SQLException {
        createTopic(2);
        Server stopping = server();
        join(stopping, "m", SHORT);
        beat(stopping, "m");
        stopping.close();
        keepBeating(one, "m");
        awaitBeats(9);

        assertThat(beat(other, "m").statusCode()).isEqualTo(200);
        assertThat(owned("m")).isEqualTo(2);
    }

    /** The goal: groups that are at rest cost the database what their servers cost, not what their members do. */
    @Test
    @Timeout(300)
    void aThousandGroupsAtRestCostTheDatabaseNothingOfTheirOwn() throws Exception {
        createTopic(3);
        List<CompletableFuture<HttpResponse<String>>> joining = new ArrayList<>();
        List<String> paths = new ArrayList<>();
        // However long a round takes on a busy machine, nobody is to be expelled.
        String patient = "\"session_timeout_ms\":1800000";
        for (int g = 0; g < 1000; g++) {
            for (int m = 0; m < 3; m++) {
                paths.add("/v1/groups/many-" + g + "/members/m" + m + "/heartbeat");
                joining.add(client.sendAsync(
                        post(
                                        m % 2 == 0 ? one : other,
                                        "/v1/groups/many-" + g + "/members",
                                        "{\"topics\":[\"" + topic + "\"],\"member_id\":\"m" + m + "\"," + patient + "}")
                                .build(),
                        BodyHandlers.ofString()));
                if (joining.size() == 20) {
                    joining.forEach(CompletableFuture::join);
                    joining.clear();
                }
            }
        }
        joining.forEach(CompletableFuture::join);
        // All let go of what they must, and get what is theirs.
        Map<String, String> says = new ConcurrentHashMap<>();
        await().atMost(Duration.ofSeconds(200)).until(() -> roundIsAtRest(paths, says));

        // PostgreSQL counts what a session did up to ten seconds late: the joins may be among the first rounds'.
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertRoundsCostNothingOfTheirOwn(paths, says));
    }

    private void assertRoundsCostNothingOfTheirOwn(List<String> paths, Map<String, String> says) throws SQLException {
        long transactions = committed();
        double fromDatabase = heartbeats("database");
        long startedAt = System.nanoTime();
        for (int round = 0; round < 3; round++) {
            roundIsAtRest(paths, says);
        }
        double seconds = (System.nanoTime() - startedAt) / 1e9;
        double perSecond = (committed() - transactions) / seconds;
        System.out.printf(
                "9,000 heartbeats in %.1f s: %.1f database transactions a second, %.0f heartbeats from the database%n",
                seconds, perSecond, heartbeats("database") - fromDatabase);

        assertThat(heartbeats("database") - fromDatabase).isLessThan(90);
        // Of each server one beat, one look at all groups and four at what it remembers; and topics, once a second
        // each. What looks for records produced in SQL is 25 more: one server 20 times a second, the other 5.
        assertThat(perSecond).isLessThan(2 * 10 + 10 + 25);
    }

    private boolean roundIsAtRest(List<String> paths, Map<String, String> says) {
        AtomicInteger restless = new AtomicInteger();
        for (int from = 0; from < paths.size(); from += 30) {
            List<CompletableFuture<Void>> round = new ArrayList<>();
            for (String path : paths.subList(from, Math.min(from + 30, paths.size()))) {
                Server server = path.contains("m1/") ? other : one;
                String body = says.getOrDefault(path, "{\"generation_id\":0,\"owned\":[]}");
                round.add(client.sendAsync(post(server, path, body).build(), BodyHandlers.ofString())
                        .thenAccept(answer -> {
                            JsonNode now = json(answer);
                            String next = "{\"generation_id\":" + now.path("generation_id") + ",\"owned\":"
                                    + now.path("assignments") + "}";
                            boolean isAsBefore = next.equals(says.put(path, next));
                            boolean isAtRest = isAsBefore
                                    && answer.statusCode() == 200
                                    && now.path("heartbeat_interval_ms").asInt() == 3000;
                            if (!isAtRest) {
                                restless.incrementAndGet();
                            }
                        }));
            }
            round.forEach(CompletableFuture::join);
        }
        return restless.get() == 0;
    }

    private static double heartbeats(String source) {
        String tags = "tidemark_group_heartbeats_total\\{source=\"" + source + "\"}";
        return meterOf(one, tags) + meterOf(other, tags);
    }

    private static double meterOf(Server server, String pattern) {
        HttpRequest.Builder get = HttpRequest.newBuilder(server.address().resolve("/metrics"));
        Matcher line = Pattern.compile("(?m)^" + pattern + " (\\S+)$")
                .matcher(send(get).body());
        return line.find() ? Double.parseDouble(line.group(1)) : 0;
    }

    private static long committed() throws SQLException {
        return Long.parseLong(
                database.string("select xact_commit from pg_stat_database where datname = current_database()"));
    }
}
