package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.server.access.Access;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.TokensFile;
import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what, route by route, on a server that asks for tokens. */
@Timeout(120)
class AccessTest {
    private static final String OPEN = "nothing";
    private static final String ANY = "any token";
    private static final String ON_ALL = " on all topics";

    /** What is needed for each route. A new route fails here until somebody has thought about it. */
    private static final Map<String, String> NEEDED = new TreeMap<>(Map.ofEntries(
            Map.entry("GET /health/live", OPEN),
            Map.entry("GET /health/ready", OPEN),
            Map.entry("GET /openapi.json", OPEN),
            Map.entry("GET /metrics", ANY),
            Map.entry("GET /v1/cluster", ANY),
            Map.entry("POST /v1/cluster/leader-epochs", "admin" + ON_ALL),
            Map.entry("GET /v1/topics", ANY),
            Map.entry("POST /v1/topics", "admin"),
            Map.entry("GET /v1/topics/{topic}", "read, write or admin"),
            Map.entry("PATCH /v1/topics/{topic}", "admin"),
            Map.entry("DELETE /v1/topics/{topic}", "admin"),
            Map.entry("POST /v1/topics/{topic}/records", "write"),
            Map.entry("POST /v1/records", "write"),
            Map.entry("POST /v1/producers", "write"),
            Map.entry("GET /v1/topics/{topic}/partitions/{partition}/records", "read"),
            Map.entry("GET /v1/topics/{topic}/partitions/{partition}/offsets", "read"),
            Map.entry("POST /v1/fetch", "read"),
            Map.entry("POST /v1/groups/{group}/members", "read"),
            Map.entry("DELETE /v1/groups/{group}/members/{member}", "read"),
            Map.entry("POST /v1/groups/{group}/members/{member}/heartbeat", "read"),
            Map.entry("GET /v1/groups", "read"),
            Map.entry("GET /v1/groups/{group}", "read"),
            Map.entry("DELETE /v1/groups/{group}", "read"),
            Map.entry("GET /v1/groups/{group}/offsets", "read"),
            Map.entry("POST /v1/groups/{group}/offsets", "read"),
            Map.entry("POST /v1/groups/{group}/offsets/reset", "read")));

    private static final Map<String, String> QUERIES = Map.of(
            "GET /v1/topics/{topic}/partitions/{partition}/records", "?offset=0",
            "GET /v1/topics/{topic}/partitions/{partition}/offsets", "?at=earliest");

    private static final Map<String, String> BODIES = Map.of(
            "POST /v1/cluster/leader-epochs", "{\"reason\":\"x\"}",
            "POST /v1/topics", "{\"name\":\"TOPIC\"}",
            "PATCH /v1/topics/{topic}", "{\"partition_count\":2}",
            "POST /v1/topics/{topic}/records", "{\"records\":[{\"value\":\"x\"}]}",
            "POST /v1/records", "{\"records\":[{\"topic\":\"TOPIC\",\"value\":\"x\"}]}",
            "POST /v1/fetch", "{\"partitions\":[{\"topic\":\"TOPIC\",\"partition\":0,\"offset\":0}]}",
            "POST /v1/groups/{group}/members", "{\"topics\":[\"TOPIC\"]}",
            "POST /v1/groups/{group}/members/{member}/heartbeat", "{\"generation_id\":1,\"owned\":[]}",
            "POST /v1/groups/{group}/offsets",
                    "{\"offsets\":[{\"topic\":\"TOPIC\",\"partition\":0,\"committed_offset\":0}]}",
            "POST /v1/groups/{group}/offsets/reset", "{\"topics\":[\"TOPIC\"],\"to\":\"earliest\"}");

    /** The routes that name their topic in the body: refused for it only once that is read. */
    private static final List<String> TOPIC_IN_BODY = List.of(
            "POST /v1/topics",
            "POST /v1/records",
            "POST /v1/fetch",
            "POST /v1/groups/{group}/members",
            "POST /v1/groups/{group}/offsets",
            "POST /v1/groups/{group}/offsets/reset");

    /** The routes of a group, which is seen by who may read one of its topics. */
    private static final List<String> OF_A_GROUP = List.of("GET /v1/groups/{group}", "DELETE /v1/groups/{group}");

    private static final AtomicInteger TOPICS = new AtomicInteger();

    private static final FileWatch watch = new FileWatch(Duration.ofMillis(20));
    private static final Map<String, String> tokens = new HashMap<>();

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(
            database,
            HttpConfig.listeningOn("127.0.0.1", 0).withMaxRequestBytes(32 << 20),
            () -> Access.byTokens(tokensFile(), false, watch, new SimpleMeterRegistry()));

    private static Path tokensFile() {
        try {
            Path file = Files.createTempFile("tidemark", ".tokens");
            file.toFile().deleteOnExit();
            for (Permission permission : Permission.values()) {
                tokens.put(
                        permission.word(),
                        TokensFile.addToken(file, "the-" + permission.word(), permission.word(), "orders*"));
            }
            tokens.put("none", TokensFile.addToken(file, "the-none", "none", null));
            tokens.put("everything", TokensFile.addToken(file, "everything", "read,write,admin", null));
            tokens.put(
                    "unknown",
                    TokensFile.addToken(file.resolveSibling(file.getFileName() + ".other"), "x", "read", null));
            return file;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterAll
    static void stopWatching() {
        watch.close();
    }

    @Test
    void everyRouteIsInTheTableAndTheOpenApiDocumentSaysTheSame() {
        assertThat(documented()).isEqualTo(NEEDED);
        Map<String, String> served = new TreeMap<>();
        for (Route route : server.server().routes()) {
            served.put(
                    route.name(),
                    switch (route.need()) {
                        case NOTHING -> OPEN;
                        case TOKEN -> ANY;
                        case ADMIN_EVERYWHERE -> "admin" + ON_ALL;
                        default ->
                            words(route.need().anyOf().stream()
                                    .map(Permission::word)
                                    .toList());
                    });
        }
        assertThat(served).isEqualTo(NEEDED);
    }

    /** What {@code security} says of each operation. */
    private static Map<String, String> documented() {
        JsonNode document = server.get("/openapi.json").json();
        Map<String, String> needed = new TreeMap<>();
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    if (method.getKey().equals("parameters")) {
                        return;
                    }
                    List<String> anyOf = new ArrayList<>();
                    for (JsonNode alternative : method.getValue().path("security")) {
                        assertThat(alternative.has("token")).isTrue();
                        alternative.path("token").forEach(permission -> anyOf.add(permission.asText()));
                    }
                    boolean open = method.getValue().path("security").isEmpty();
                    assertThat(method.getValue().has("security"))
                            .as("%s %s", method.getKey(), path.getKey())
                            .isTrue();
                    needed.put(
                            method.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                            open ? OPEN : anyOf.isEmpty() ? ANY : words(anyOf));
                }));
        return needed;
    }

    private static String words(List<String> anyOf) {
        return String.join(", ", anyOf).replaceFirst(", (?=[a-z]+$)", " or ");
    }

    @Test
    void theOperationsPageHasTheSameTable() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "operations.md"));
        NEEDED.forEach((route, needed) -> assertThat(page).contains("| `" + route + "` | " + needed));
    }

    static List<String> routes() {
        return List.copyOf(NEEDED.keySet());
    }

    @ParameterizedTest
    @MethodSource("routes")
    void withoutAKnownTokenNothingButTheOpenRoutesAnswers(String route) {
        for (String shown : Arrays.asList(null, "unknown")) {
            Answer answer = ask(route, "orders-x", shown);
            if (NEEDED.get(route).equals(OPEN)) {
                assertThat(answer.status()).isEqualTo(200);
            } else {
                assertThat(answer.status()).as("%s with %s", route, shown).isEqualTo(401);
                assertThat(answer.error()).isEqualTo("SASL_AUTHENTICATION_FAILED");
                assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
            }
        }
    }

    static List<String> getRoutes() {
        return NEEDED.keySet().stream()
                .filter(route -> route.startsWith("GET "))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("getRoutes")
    void forAHeadAloneTheSameIsNeededAsForItsBody(String route) {
        String topic = "payments-" + TOPICS.incrementAndGet();
        post("/v1/topics", "{\"name\":\"" + topic + "\"}", "everything");
        ask("POST /v1/groups/{group}/offsets", topic, "everything");

        for (String held : Arrays.asList(null, "unknown", "none", "read", "everything")) {
            String head = route.replace("GET ", "HEAD ");
            assertThat(ask(head, topic, held).status())
                    .as("%s with %s", head, held)
                    .isEqualTo(ask(route, topic, held).status());
        }
    }

    @ParameterizedTest
    @MethodSource("routes")
    void aTokenOpensWhatItsPermissionSaysOnItsTopicsAndNothingElse(String route) {
        for (String held : List.of("read", "write", "admin", "none", "everything")) {
            expect(route, held, "orders-", isEnough(held, NEEDED.get(route)), true);
            expect(route, held, "payments-", isEnough(held, NEEDED.get(route)), held.equals("everything"));
        }
    }

    private static boolean isEnough(String held, String needed) {
        return needed.equals(OPEN)
                || needed.equals(ANY)
                || held.equals("everything")
                || !needed.endsWith(ON_ALL) && List.of(needed.split("\\W+")).contains(held);
    }

    private static void expect(String route, String held, String prefix, boolean permitted, boolean onItsTopics) {
        boolean namesATopic = route.contains("{topic}") || TOPIC_IN_BODY.contains(route) || OF_A_GROUP.contains(route);
        String topic = prefix + TOPICS.incrementAndGet();
        if (namesATopic && !route.equals("POST /v1/topics")) {
            assertThat(post("/v1/topics", "{\"name\":\"" + topic + "\"}", "everything")
                            .status())
                    .isEqualTo(201);
        }
        if (OF_A_GROUP.contains(route)) {
            assertThat(ask("POST /v1/groups/{group}/offsets", topic, "everything")
                            .status())
                    .isEqualTo(200);
        }

        if (route.contains("{member}")) {
            String member = "{\"topics\":[\"orders-x\"],\"member_id\":\"m\"}";
            post("/v1/groups/of-" + topic + "/members", member, held);
        }

        Answer answer = ask(route, topic, held);

        String what = route + " with " + held + " on " + topic;
        if (permitted && (onItsTopics || !namesATopic)) {
            assertThat(answer.status()).as(what).isBetween(200, 204);
        } else {
            assertThat(answer.status()).as(what).isEqualTo(403);
            boolean topicKnown = route.contains("{topic}") || permitted;
            assertThat(answer.error())
                    .as(what)
                    .isEqualTo(
                            !topicKnown
                                    ? "CLUSTER_AUTHORIZATION_FAILED"
                                    : OF_A_GROUP.contains(route)
                                            ? "GROUP_AUTHORIZATION_FAILED"
                                            : "TOPIC_AUTHORIZATION_FAILED");
            assertThat(answer.detail()).contains("the-" + held);
        }
    }

    private static Answer ask(String route, String topic, String held) {
        String method = route.substring(0, route.indexOf(' '));
        String path = route.substring(route.indexOf(' ') + 1)
                .replace("{topic}", topic)
                .replace("{partition}", "0")
                .replace("{group}", "of-" + topic)
                .replace("{member}", "m");
        String body = BODIES.get(route);
        HttpRequest.Builder request = server.request(path + QUERIES.getOrDefault(route.replace("HEAD ", "GET "), ""))
                .method(
                        method,
                        body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body.replace("TOPIC", topic)));
        if (path.equals("/metrics") && held != null && !held.equals("unknown")) {
            // The one answer that is no JSON.
            var answer = server.exchange(with(request, held));
            return new Answer(
                    answer.statusCode(), "", RunningServer.json("{}".getBytes(StandardCharsets.UTF_8)), answer);
        }
        return server.send(with(request, held));
    }

    private static HttpRequest.Builder with(HttpRequest.Builder request, String held) {
        return held == null ? request : request.header("Authorization", "Bearer " + tokens.get(held));
    }

    private static Answer post(String path, String body, String held, String... headers) {
        HttpRequest.Builder request = server.request(path, headers).POST(BodyPublishers.ofString(body));
        return server.send(with(request, held));
    }

    @Test
    void whatIsNotThereIsClosedToo() {
        assertThat(server.get("/no/such/path").status()).isEqualTo(401);
        assertThat(server.send(server.request("/v1/cluster").DELETE()).status()).isEqualTo(401);
        assertThat(server.send(with(server.request("/no/such/path"), "none")).status())
                .isEqualTo(404);
    }

    @Test
    void aTopicThatMayNotBeSeenIsRefusedWhetherOrNotItIsThere() {
        String topic = "payments-" + TOPICS.incrementAndGet();
        post("/v1/topics", "{\"name\":\"" + topic + "\"}", "everything");

        Answer there = server.send(with(server.request("/v1/topics/" + topic), "read"));
        Answer notThere = server.send(with(server.request("/v1/topics/payments-none"), "read"));

        assertThat(there.detail().replace(topic, "payments-none")).isEqualTo(notThere.detail());
        assertThat(there.status()).isEqualTo(notThere.status()).isEqualTo(403);
    }

    @Test
    void aMemberIsItsPrincipalsAlone() {
        String members = "/v1/groups/group-" + TOPICS.incrementAndGet() + "/members";
        String join = "{\"topics\":[\"orders-x\"],\"member_id\":\"m\",\"group_instance_id\":\"i\"}";
        String beat = "{\"generation_id\":1,\"owned\":[]}";
        assertThat(post(members, join, "read").status()).isEqualTo(200);

        for (Answer answer : List.of(
                post(members, join, "everything"),
                post(members, join.replace("\"m\"", "\"n\""), "everything"),
                post(members + "/m/heartbeat", beat, "everything"),
                server.send(with(server.request(members + "/m").DELETE(), "everything")))) {
            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.error()).isEqualTo("GROUP_AUTHORIZATION_FAILED");
        }
        assertThat(post(members + "/m/heartbeat", beat, "read").status()).isEqualTo(200);
    }

    @Test
    void aPatternMatchesOnlyWhatItsMemberMayRead() {
        String name = Integer.toString(TOPICS.incrementAndGet());
        post("/v1/topics", "{\"name\":\"orders-p" + name + "\"}", "everything");
        post("/v1/topics", "{\"name\":\"payments-p" + name + "\"}", "everything");
        String members = "/v1/groups/group-" + name + "/members";

        Answer joined = post(members, "{\"pattern\":\"[a-z]+-p" + name + "\"}", "read");

        assertThat(joined.json().path("assignments").findValuesAsText("topic")).containsExactly("orders-p" + name);
    }

    @Test
    void theListOfTopicsHasThoseTheTokenMaySee() {
        String order = "orders-" + TOPICS.incrementAndGet();
        String payment = "payments-" + TOPICS.incrementAndGet();
        post("/v1/topics", "{\"name\":\"" + order + "\"}", "everything");
        post("/v1/topics", "{\"name\":\"" + payment + "\"}", "everything");

        assertThat(listed("everything")).contains(order, payment);
        assertThat(listed("write")).contains(order).doesNotContain(payment);
        assertThat(listed("none")).isEmpty();
    }

    @Test
    void ofAGroupATokenSeesTheTopicsItMayRead() {
        String order = "orders-" + TOPICS.incrementAndGet();
        String payment = "payments-" + TOPICS.incrementAndGet();
        String offsets = "/v1/groups/both-" + order + "/offsets";
        for (String topic : List.of(order, payment)) {
            post("/v1/topics", "{\"name\":\"" + topic + "\"}", "everything");
            post(
                    offsets,
                    "{\"offsets\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"committed_offset\":0}]}",
                    "everything");
        }
        String group = "/v1/groups/both-" + order;

        assertThat(server.send(with(server.request(offsets), "read")).json().findValuesAsText("topic"))
                .containsExactly(order);
        assertThat(server.send(with(server.request(group), "read")).json().findValuesAsText("topic"))
                .containsExactly(order);
        assertThat(server.send(with(server.request(group), "everything")).json().findValuesAsText("topic"))
                .containsExactly(order, payment);
        assertThat(server.send(with(server.request(offsets + "?topic=" + payment), "read"))
                        .error())
                .isEqualTo("TOPIC_AUTHORIZATION_FAILED");
        assertThat(server.send(with(server.request(group), "read").DELETE()).error())
                .isEqualTo("GROUP_AUTHORIZATION_FAILED");
        assertThat(post(offsets + "/reset", "{\"to\":\"earliest\"}", "read").error())
                .isEqualTo("TOPIC_AUTHORIZATION_FAILED");
    }

    private static List<String> listed(String held) {
        return server.send(with(server.request("/v1/topics"), held))
                .json()
                .path("topics")
                .findValuesAsText("name");
    }

    @Test
    void aFetchOfSeveralRefusesThePartitionInItsPlaceInBinaryAndTheWholeInJson() {
        String order = "orders-" + TOPICS.incrementAndGet();
        post("/v1/topics", "{\"name\":\"" + order + "\"}", "everything");
        post("/v1/topics/" + order + "/records", "{\"records\":[{\"value\":\"x\"}]}", "everything");
        String body = "{\"partitions\":[{\"topic\":\"payments\",\"partition\":0,\"offset\":0},{\"topic\":\"" + order
                + "\",\"partition\":0,\"offset\":0}],\"max_wait_ms\":30000}";

        assertThat(post("/v1/fetch", body, "read").error()).isEqualTo("TOPIC_AUTHORIZATION_FAILED");

        byte[] frame = server.exchange(with(
                        server.request("/v1/fetch", "Accept", MediaTypes.RECORDS_V1)
                                .POST(BodyPublishers.ofString(body)),
                        "read"))
                .body();
        List<FetchFrame.Section> sections = FetchFrame.read(frame);
        assertThat(sections.get(0).header().errorCode()).isEqualTo((short) ErrorCode.TOPIC_AUTHORIZATION_FAILED.code());
        assertThat(sections.get(0).header().detail()).contains("the-read may not read the topic payments");
        assertThat(sections.get(1).header().errorCode()).isZero();
        assertThat(sections.get(1).header().recordCount()).isEqualTo(1);
    }

    @Test
    void thePrincipalIsKeptWithEachBatchForAuditors() throws SQLException {
        String topic = "orders-" + TOPICS.incrementAndGet();
        post("/v1/topics", "{\"name\":\"" + topic + "\"}", "everything");
        post("/v1/topics/" + topic + "/records", "{\"records\":[{\"value\":\"x\"}]}", "write");
        post("/v1/topics/" + topic + "/records", "{\"records\":[{\"value\":\"x\"},{\"value\":\"y\"}]}", "everything");

        try (var connection = database.connect();
                var query = connection.prepareStatement(
                        "select string_agg(base_offset || '-' || last_offset || ' ' || principal, ', ' order by base_offset)"
                                + " from tidemark.batches where topic = ? and partition = 0")) {
            query.setString(1, topic);
            var row = query.executeQuery();
            row.next();
            assertThat(row.getString(1)).isEqualTo("0-0 the-write, 1-2 everything");
        }
    }

    @Test
    void ofALargeBodyNothingIsReadBeforeTheToken() throws IOException {
        for (String authorization : List.of("", "Authorization: Bearer " + tokens.get("read") + "\r\n")) {
            try (Socket socket = new Socket("127.0.0.1", server.server().port())) {
                socket.setSoTimeout(20_000);
                // No byte of the body follows, and the connection stays open.
                socket.getOutputStream()
                        .write(("POST /v1/topics/orders/records HTTP/1.1\r\nHost: x\r\n" + authorization
                                        + "Content-Length: 16777216\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(answer).startsWith(authorization.isEmpty() ? "HTTP/1.1 401" : "HTTP/1.1 403");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 100_000, 3_000_000})
    void whoeverIsStillSendingGetsToReadTheRefusal(int bytes) {
        String body = "x".repeat(bytes);
        for (int i = 0; i < 5; i++) {
            assertThat(post("/v1/topics/orders/records", body, null).status()).isEqualTo(401);
            assertThat(post("/v1/topics/orders/records", body, "read").status()).isEqualTo(403);
            HttpRequest.Builder chunked = server.request("/v1/topics/orders/records")
                    .POST(BodyPublishers.ofInputStream(
                            () -> new java.io.ByteArrayInputStream(body.getBytes(StandardCharsets.US_ASCII))));
            assertThat(server.send(chunked).status()).isEqualTo(401);
        }
    }

    @Test
    void aStrangerWhoSendsSlowlyTakesNoThreadAndIsAnsweredSoon() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.server().port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("POST /v1/topics/orders/records HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"
                            .getBytes(StandardCharsets.US_ASCII));
            await().atMost(20, TimeUnit.SECONDS)
                    .until(() -> socket.getInputStream().available() > 0);
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void aRefusalNamesNoToken() {
        Answer refused = server.send(with(server.request("/v1/cluster"), "unknown"));
        assertThat(refused.json().toString()).doesNotContain(tokens.get("unknown"));
        Answer forbidden = server.send(with(server.request("/v1/topics/payments"), "read"));
        assertThat(forbidden.json().toString()).doesNotContain(tokens.get("read"));
    }
}
