package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code /openapi.json} says what the server does: its routes, its errors, and the fields of its answers. */
class OpenApiTest {
    private static final String FILE = "server/src/main/resources/openapi.json";
    private static final Pattern ERROR_NAME = Pattern.compile("\\b[A-Z]{4,}(_[A-Z]+)+\\b");

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private final JsonNode document = server.get("/openapi.json").json();

    @Test
    void everyRouteIsDocumentedAndNoOther() {
        List<String> documented = operations().map(operation -> operation.route).toList();
        List<String> served = server.server().routes().stream().map(Route::name).toList();

        assertThat(documented)
                .as(
                        "the paths in %s are the routes of the server: a route that is new there goes into the document, one that is gone out of it",
                        FILE)
                .containsExactlyInAnyOrderElementsOf(served);
    }

    @Test
    void everyReferenceLeadsSomewhereAndEverySchemaIsReferredTo() {
        Set<String> references = new HashSet<>(document.findValuesAsText("$ref"));

        assertThat(references).isNotEmpty().allSatisfy(reference -> {
            assertThat(reference).startsWith("#/");
            assertThat(document.at(reference.substring(1)).isMissingNode())
                    .as("%s in %s leads nowhere", reference, FILE)
                    .isFalse();
        });
        document.at("/components/schemas")
                .fieldNames()
                .forEachRemaining(name -> assertThat(references)
                        .as("nothing in %s refers to the schema %s: take it out", FILE, name)
                        .contains("#/components/schemas/" + name));
    }

    @Test
    void everyErrorIsOneThatThereIsAndStandsUnderItsStatus() {
        operations()
                .forEach(operation -> operation
                        .node
                        .path("responses")
                        .properties()
                        .forEach(response -> {
                            Matcher names = ERROR_NAME.matcher(
                                    response.getValue().path("description").asText());
                            while (names.find()) {
                                assertThat(ErrorCode.byName(names.group()))
                                        .as("%s in %s of %s is no ErrorCode", names.group(), operation.route, FILE)
                                        .hasValueSatisfying(error -> assertThat(error.httpStatus())
                                                .as(
                                                        "%s of %s stands under another status in %s",
                                                        error, operation.route, FILE)
                                                .isEqualTo(Integer.parseInt(response.getKey())));
                            }
                        }));
    }

    @Test
    void everyOperationHasAnIdOfItsOwnAndASummary() {
        List<String> ids = operations()
                .map(operation -> operation.node.path("operationId").asText())
                .toList();

        assertThat(ids).doesNotContain("").doesNotHaveDuplicates();
        assertThat(operations())
                .allSatisfy(
                        operation -> assertThat(operation.node.path("summary").asText())
                                .as("the summary of %s in %s", operation.route, FILE)
                                .isNotBlank());
    }

    @Test
    void everyParameterOfAPathIsDescribed() {
        document.path("paths").properties().forEach(path -> {
            Matcher names = Pattern.compile("\\{(\\w+)}").matcher(path.getKey());
            List<String> described = new ArrayList<>();
            path.getValue()
                    .path("parameters")
                    .forEach(parameter -> described.add(parameter.path("name").asText()));
            while (names.find()) {
                assertThat(described)
                        .as("the parameters of %s in %s", path.getKey(), FILE)
                        .contains(names.group(1));
            }
        });
    }

    /** One answer of each route; of those that answer in different shapes, one a shape. */
    private Map<String, Supplier<Answer>> samples() {
        String topic = server.newTopic("\"partition_count\":2", "\"configs\":{\"value.type\":\"json\"}");
        String gone = server.newTopic();
        String path = "/v1/topics/" + topic;
        String record = "{\"records\":[{\"partition\":0,\"key\":\"k\",\"value\":{\"a\":1},\"headers\":{\"h\":\"v\"}}]}";
        Map<String, Supplier<Answer>> samples = new LinkedHashMap<>();
        samples.put("GET /v1/cluster", () -> server.get("/v1/cluster"));
        samples.put(
                "POST /v1/cluster/leader-epochs",
                () -> server.post("/v1/cluster/leader-epochs", "{\"reason\":\"a test\"}"));
        samples.put("GET /v1/topics", () -> server.get("/v1/topics"));
        samples.put("POST /v1/topics", () -> server.post("/v1/topics", "{\"name\":\"another-" + topic + "\"}"));
        samples.put("GET /v1/topics/{topic}", () -> server.get(path));
        samples.put("PATCH /v1/topics/{topic}", () -> server.patch(path, "{\"configs\":{\"retention.ms\":1000}}"));
        samples.put("DELETE /v1/topics/{topic}", () -> server.delete("/v1/topics/" + gone));
        samples.put("POST /v1/topics/{topic}/records", () -> server.post(path + "/records", record));
        samples.put(
                "POST /v1/records",
                () -> server.post("/v1/records", "{\"records\":[{\"topic\":\"" + topic + "\",\"value\":1}]}"));
        samples.put("POST /v1/producers", () -> server.post("/v1/producers", ""));
        samples.put(
                "GET /v1/topics/{topic}/partitions/{partition}/records",
                () -> server.get(path + "/partitions/0/records?offset=0"));
        samples.put(
                "GET /v1/topics/{topic}/partitions/{partition}/offsets",
                () -> server.get(path + "/partitions/0/offsets?at=earliest"));
        samples.put(
                "POST /v1/fetch",
                () -> server.post(
                        "/v1/fetch",
                        "{\"partitions\":[{\"topic\":\"" + topic
                                + "\",\"partition\":0,\"offset\":0},{\"topic\":\"nothing\",\"partition\":0,\"offset\":0}]}"));
        samples.put(
                "POST /v1/groups/{group}/members",
                () -> server.post(
                        "/v1/groups/readers/members",
                        "{\"member_id\":\"one\",\"topics\":[\"" + topic + "\"],\"client_id\":\"c\"}"));
        samples.put(
                "POST /v1/groups/{group}/members/{member}/heartbeat",
                () -> server.post(
                        "/v1/groups/readers/members/one/heartbeat",
                        "{\"generation_id\":1,\"owned\":[{\"topic\":\"" + topic + "\",\"partition\":0}]}"));
        samples.put(
                "DELETE /v1/groups/{group}/members/{member}", () -> server.delete("/v1/groups/readers/members/one"));
        String groups = "/v1/groups/the-group";
        String partition = "{\"topic\":\"" + topic + "\",\"partition\":0";
        samples.put(
                "POST /v1/groups/{group}/offsets",
                () -> server.post(groups + "/offsets", "{\"offsets\":[" + partition + ",\"committed_offset\":1}]}"));
        samples.put("GET /v1/groups/{group}/offsets", () -> server.get(groups + "/offsets"));
        samples.put(
                "POST /v1/groups/{group}/offsets/reset",
                () -> server.post(groups + "/offsets/reset", "{\"topics\":[\"" + topic + "\"],\"to\":\"earliest\"}"));
        samples.put("GET /v1/groups", () -> server.get("/v1/groups"));
        samples.put("GET /v1/groups/{group}", () -> {
            addMember("the-group");
            return server.get(groups);
        });
        samples.put("DELETE /v1/groups/{group}", () -> {
            server.post(
                    "/v1/groups/another-group/offsets", "{\"offsets\":[" + partition + ",\"committed_offset\":1}]}");
            return server.delete("/v1/groups/another-group");
        });
        samples.put("GET /health/live", () -> server.get("/health/live"));
        samples.put("GET /health/ready", () -> server.get("/health/ready"));
        return samples;
    }

    private static void addMember(String group) {
        try {
            new SqlGroups(database).join(group, "m", "somebody");
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anAnswerOfEachRouteHasTheFieldsThatAreDocumented() {
        Map<String, Supplier<Answer>> samples = samples();
        // In this order: records are read after they were written.
        samples.forEach((route, sample) -> assertAsDocumented(route, sample.get()));

        List<String> withoutSample = server.server().routes().stream()
                .map(Route::name)
                .filter(route -> !samples.containsKey(route))
                .toList();
        assertThat(withoutSample)
                .as(
                        "routes without a sample answer: add one to samples() in this test, so that its fields are compared with %s",
                        FILE)
                .containsExactlyInAnyOrder("GET /metrics", "GET /openapi.json");
    }

    @Test
    void aProblemHasTheFieldsThatAreDocumented() {
        JsonNode problem = document.at("/components/schemas/Problem");
        String topic = server.newTopic();
        List<Answer> problems = List.of(
                server.get("/no/such/path"),
                server.get("/v1/topics/" + topic + "/partitions/0/records?offset=7"),
                server.post("/v1/topics/" + topic + "/records", "{\"records\":[{\"headers\":7}]}"));

        assertThat(problems).allSatisfy(answer -> {
            assertThat(answer.contentType()).isEqualTo("application/problem+json");
            assertFits(answer.json(), problem, "Problem");
        });
    }

    private void assertAsDocumented(String route, Answer answer) {
        JsonNode responses = operations()
                .filter(operation -> operation.route.equals(route))
                .findFirst()
                .orElseThrow(() -> new AssertionError(route + " is not in " + FILE))
                .node
                .path("responses");
        JsonNode response = responses.path(Integer.toString(answer.status()));
        assertThat(response.isMissingNode())
                .as("%s answered %s (%s), which %s does not have", route, answer.status(), answer.json(), FILE)
                .isFalse();
        assertThat(answer.status()).as("%s: %s", route, answer.json()).isLessThan(300);
        HttpResponse<byte[]> raw = answer.response();
        if (response.has("content")) {
            JsonNode schema =
                    response.path("content").path(answer.contentType()).path("schema");
            assertThat(schema.isMissingNode())
                    .as("%s answers %s, which %s does not have", route, answer.contentType(), FILE)
                    .isFalse();
            assertFits(answer.json(), schema, route);
        } else {
            assertThat(raw.body())
                    .as("%s answers with a body, and %s has none", route, FILE)
                    .isEmpty();
        }
    }

    /** As far as our schemas go: types, required fields, and none that is not described. */
    private void assertFits(JsonNode value, JsonNode schema, String where) {
        if (schema.has("$ref")) {
            assertFits(value, document.at(schema.path("$ref").asText().substring(1)), where);
        } else if (schema.has("oneOf")) {
            assertFitsOne(value, schema.path("oneOf"), where);
        } else {
            assertHasType(value, schema.path("type"), where);
            if (value.isObject() && !"object".equals(schema.path("type").asText("object"))) {
                return;
            }
            if (value.isObject()) {
                assertFitsObject(value, schema, where);
            } else if (value.isArray()) {
                value.forEach(element -> assertFits(element, schema.path("items"), where + "[]"));
            }
        }
    }

    private void assertFitsOne(JsonNode value, JsonNode schemas, String where) {
        List<String> misfits = new ArrayList<>();
        for (JsonNode schema : schemas) {
            try {
                assertFits(value, schema, where);
                return;
            } catch (AssertionError misfit) {
                misfits.add(misfit.getMessage());
            }
        }
        throw new AssertionError(where + " fits none of its schemas: " + misfits);
    }

    private void assertFitsObject(JsonNode value, JsonNode schema, String where) {
        schema.path("required")
                .forEach(name -> assertThat(value.has(name.asText()))
                        .as("%s has no %s, which %s says is always there", where, name, FILE)
                        .isTrue());
        JsonNode any = schema.path("additionalProperties");
        boolean isDescribed = schema.has("properties") || any.isObject();
        value.properties().forEach(field -> {
            JsonNode described = schema.path("properties").path(field.getKey());
            if (isDescribed && described.isMissingNode() && !any.isObject()) {
                throw new AssertionError(
                        where + " has a field " + field.getKey() + " that " + FILE + " does not describe");
            }
            if (isDescribed) {
                assertFits(field.getValue(), described.isMissingNode() ? any : described, where + "." + field.getKey());
            }
        });
    }

    private static void assertHasType(JsonNode value, JsonNode types, String where) {
        if (types.isMissingNode()) {
            return;
        }
        String is = switch (value.getNodeType()) {
            case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
            default -> value.getNodeType().name().toLowerCase(Locale.ROOT);
        };
        List<String> legal = new ArrayList<>();
        if (types.isArray()) {
            types.forEach(type -> legal.add(type.asText()));
        } else {
            legal.add(types.asText());
        }
        assertThat(legal).as("the type of %s in %s", where, FILE).contains(is);
    }

    private record Operation(String route, JsonNode node) {}

    private Stream<Operation> operations() {
        return document.path("paths").properties().stream()
                .flatMap(path -> path.getValue().properties().stream()
                        .filter(operation -> !operation.getKey().equals("parameters"))
                        .map(operation -> new Operation(
                                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                operation.getValue())));
    }
}
