package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Members of groups over HTTP: what is asked, told and refused. */
@Timeout(60)
class HttpMembersTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private static final AtomicInteger GROUPS = new AtomicInteger();

    private final String group = "group-" + GROUPS.incrementAndGet();

    private Answer join(String member, String... fields) {
        return server.post(
                "/v1/groups/" + group + "/members",
                "{\"member_id\":\"" + member + "\"," + String.join(",", fields) + "}");
    }

    private Answer heartbeat(String member, int generation, List<String> owned) {
        return server.post(
                "/v1/groups/" + group + "/members/" + member + "/heartbeat",
                "{\"generation_id\":" + generation + ",\"owned\":[" + String.join(",", owned) + "]}");
    }

    private static String topics(String topic) {
        return "\"topics\":[\"" + topic + "\"]";
    }

    private static List<Integer> partitions(JsonNode list) {
        List<Integer> partitions = new ArrayList<>();
        list.forEach(element -> partitions.add(element.path("partition").asInt()));
        return partitions;
    }

    private static List<String> named(Answer answer) {
        List<String> named = new ArrayList<>();
        answer.json().path("assignments").forEach(element -> named.add(element.toString()));
        return named;
    }

    private static int generation(Answer answer) {
        return answer.json().path("generation_id").asInt();
    }

    @Test
    void aMemberJoinsIsHeardAndLeaves() {
        String topic = server.newTopic("\"partition_count\":3");

        Answer joined = join("one", topics(topic));
        assertThat(joined.status()).as(joined.json().toString()).isEqualTo(200);
        assertThat(joined.json().path("member_id").asText()).isEqualTo("one");
        assertThat(generation(joined)).isEqualTo(1);
        assertThat(partitions(joined.json().path("assignments"))).containsExactly(0, 1, 2);
        assertThat(joined.json().path("pending")).isEmpty();
        assertThat(joined.json().path("heartbeat_interval_ms").asInt()).isEqualTo(3000);

        Answer heard = heartbeat("one", 1, named(joined));
        assertThat(heard.json()).isEqualTo(joined.json());

        Answer left = server.delete("/v1/groups/" + group + "/members/one");
        assertThat(left.status()).isEqualTo(204);
        Answer gone = heartbeat("one", 1, named(joined));
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.error()).isEqualTo("UNKNOWN_MEMBER_ID");
        assertThat(gone.detail()).contains("it left");
    }

    @Test
    void aMemberThatComesWaitsUntilTheOldOwnerHasLetGo() {
        String topic = server.newTopic("\"partition_count\":2");
        Answer one = join("one", topics(topic));

        Answer two = join("two", topics(topic));
        assertThat(named(two)).isEmpty();
        assertThat(two.json().path("pending")).hasSize(1);
        assertThat(two.json().path("heartbeat_interval_ms").asInt()).isLessThan(3000);

        Answer told = heartbeat("one", 1, named(one));
        assertThat(generation(told)).isEqualTo(2);
        assertThat(named(told)).hasSize(1);
        assertThat(named(heartbeat("two", 2, List.of())))
                .as("one has not let go")
                .isEmpty();

        assertThat(heartbeat("one", 2, named(told))
                        .json()
                        .path("heartbeat_interval_ms")
                        .asInt())
                .isEqualTo(3000);
        Answer given = heartbeat("two", 2, List.of());
        assertThat(named(given)).hasSize(1).doesNotContainAnyElementsOf(named(told));
        assertThat(given.json().path("pending")).isEmpty();
    }

    @Test
    void aMemberIdIsDrawnWhereNoneIsChosen() {
        Answer joined = server.post("/v1/groups/" + group + "/members", "{\"topics\":[\"none-yet\"]}");

        String member = joined.json().path("member_id").asText();
        assertThat(member).hasSizeGreaterThan(30);
        assertThat(heartbeat(member, generation(joined), List.of()).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | INVALID_REQUEST | either",
                "{\"topics\":[\"a\"],\"pattern\":\"a\"} | INVALID_REQUEST | either",
                "{\"topics\":[]} | INVALID_REQUEST | 1 to 1000 topics",
                "{\"topics\":\"a\"} | INVALID_REQUEST | \"topics\" in the body must be an array",
                "{\"topics\":[1]} | INVALID_REQUEST | topics[0]",
                "{\"topics\":[\"\"]} | INVALID_REQUEST | a topic's name",
                "{\"pattern\":\"(\"} | INVALID_REQUEST | RE2",
                "{\"pattern\":\"(a)\\\\1\"} | INVALID_REQUEST | RE2",
                "{\"pattern\":\"((a{1000}){1000}){1000}\"} | INVALID_REQUEST | written out",
                "{\"topics\":[\"a\"],\"session_timeout_ms\":2999} | INVALID_SESSION_TIMEOUT | 3000",
                "{\"topics\":[\"a\"],\"session_timeout_ms\":1800001} | INVALID_SESSION_TIMEOUT | 1800000",
                "{\"topics\":[\"a\"],\"session_timeout_ms\":\"5000\"} | INVALID_REQUEST | whole number",
                "{\"topics\":[\"a\"],\"rebalance_timeout_ms\":44999} | INVALID_REQUEST | rebalance_timeout_ms",
                "{\"topics\":[\"a\"],\"rebalance_timeout_ms\":86400001} | INVALID_REQUEST | rebalance_timeout_ms",
                "{\"topics\":[\"a\"],\"heartbeat_interval_ms\":99} | INVALID_REQUEST | heartbeat_interval_ms",
                "{\"topics\":[\"a\"],\"heartbeat_interval_ms\":15001} | INVALID_REQUEST | 15000",
                "{\"topics\":[\"a\"],\"assignor\":\"best\"} | INVALID_REQUEST | sticky, range, roundrobin",
                "{\"topics\":[\"a\"],\"member_id\":\"\"} | INVALID_REQUEST | member_id",
                "{\"topics\":[\"a\"],\"member_id\":\"a\\u0000\"} | INVALID_REQUEST | member_id",
                "{\"topics\":[\"a\"],\"member_id\":\"\\ud800\"} | INVALID_REQUEST | member_id",
                "{\"topics\":[\"a\"],\"group_instance_id\":\"\\n\"} | INVALID_REQUEST | group_instance_id",
                "{\"topics\":[\"a\"],\"client_id\":7} | INVALID_REQUEST | client_id",
                "{\"topics\":[\"a\"],\"topic\":\"b\"} | INVALID_REQUEST | unknown field",
            })
    void whatCannotJoinIsToldWhy(String body, String error, String detail) {
        Answer refused = server.post("/v1/groups/" + group + "/members", body);

        assertThat(refused.status()).as(refused.json().toString()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo(error);
        assertThat(refused.detail()).contains(detail);
        assertThat(heartbeat("any", 0, List.of()).error())
                .as("no group was made")
                .isEqualTo("GROUP_ID_NOT_FOUND");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | generation_id",
                "{\"generation_id\":1} | owned",
                "{\"generation_id\":-1,\"owned\":[]} | generation_id",
                "{\"generation_id\":1,\"owned\":[{\"topic\":\"a\"}]} | owned[0]",
                "{\"generation_id\":1,\"owned\":[{\"topic\":\"a\",\"partition\":10000}]} | partition",
                "{\"generation_id\":1,\"owned\":[\"a\"]} | owned[0]",
                "{\"generation_id\":1,\"owned\":[],\"more\":1} | unknown field",
            })
    void aHeartbeatThatIsNoneIsToldWhy(String body, String detail) {
        join("one", topics("none-yet"));

        Answer refused = server.post("/v1/groups/" + group + "/members/one/heartbeat", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(refused.detail()).contains(detail);
    }

    @ParameterizedTest
    @ValueSource(strings = {"%00", "%0A", "a%7Fb"})
    void aGroupWhoseNameCannotBeShownIsRefused(String name) {
        assertRefusedGroup(name);
    }

    @Test
    void aGroupWithATooLongNameIsRefusedByItsBytes() {
        assertThat(server.post("/v1/groups/" + "%C3%A4".repeat(124) + "/members", "{\"topics\":[\"a\"]}")
                        .status())
                .isEqualTo(200);
        assertRefusedGroup("%C3%A4".repeat(125));
    }

    private static void assertRefusedGroup(String name) {
        Answer refused = server.post("/v1/groups/" + name + "/members", "{\"topics\":[\"a\"]}");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isIn("INVALID_GROUP_ID", "INVALID_REQUEST");
    }

    @Test
    void namesOfManyScriptsAreNames() {
        String topic = server.newTopic();
        String name = "%E5%8F%97%E6%B3%A8%20%22q%22%20%F0%9F%98%80";

        Answer joined = server.post(
                "/v1/groups/" + name + "/members", "{\"member_id\":\"n\u00e4m\\\"e\"," + topics(topic) + "}");
        assertThat(joined.status()).isEqualTo(200);

        Answer left = server.delete("/v1/groups/" + name + "/members/n%C3%A4m%22e");
        assertThat(left.status()).isEqualTo(204);
    }
}
