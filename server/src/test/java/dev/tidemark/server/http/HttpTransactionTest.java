package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One database transaction over several topics, and a group's offsets with it. */
@Timeout(120)
class HttpTransactionTest {
    private static final int END = 20;
    private static final String MEMBER = "m";
    private static final AtomicInteger GROUPS = new AtomicInteger();

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private final String group = "group-" + GROUPS.incrementAndGet();
    private String in;
    private int generation;

    @BeforeEach
    void aMemberOwnsATopicOfTwoPartitions() {
        in = server.newTopic("\"partition_count\":2");
        String records = IntStream.range(0, END)
                .mapToObj(n -> "{\"partition\":0,\"value\":\"" + n + "\"}")
                .collect(Collectors.joining(","));
        assertThat(server.post("/v1/topics/" + in + "/records", "{\"records\":[" + records + "]}")
                        .status())
                .isEqualTo(200);
        Answer joined = join(group, MEMBER);
        assertThat(joined.json().path("assignments")).hasSize(2);
        generation = joined.json().path("generation_id").asInt();
    }

    private Answer join(String group, String member, String... fields) {
        String more = fields.length == 0 ? "" : "," + String.join(",", fields);
        Answer joined = server.post(
                "/v1/groups/" + group + "/members",
                "{\"member_id\":\"" + member + "\",\"topics\":[\"" + in + "\"]" + more + "}");
        assertThat(joined.status()).as(joined.json().toString()).isEqualTo(200);
        return joined;
    }

    private int joinAs(String member, String... fields) {
        return join(group, member, fields).json().path("generation_id").asInt();
    }

    private void leave(String member) {
        assertThat(server.delete("/v1/groups/" + group + "/members/" + member).status())
                .isEqualTo(204);
    }

    private String offset(int partition, long offset, String... fields) {
        return offset(in, partition, offset, fields);
    }

    private static String offset(String topic, int partition, long offset, String... fields) {
        String more = fields.length == 0 ? "" : "," + String.join(",", fields);
        return "{\"topic\":\"" + topic + "\",\"partition\":" + partition + ",\"committed_offset\":" + offset + more
                + "}";
    }

    private static String commit(String group, String member, int generation, String... offsets) {
        return "{\"group\":\"" + group + "\",\"member_id\":\"" + member + "\",\"generation_id\":" + generation
                + ",\"offsets\":[" + String.join(",", offsets) + "]}";
    }

    private static String numbered(String commit, String number) {
        return "{\"commit_number\":" + number + "," + commit.substring(1);
    }

    private static String commitOfNobody(String group, String... offsets) {
        return "{\"group\":\"" + group + "\",\"offsets\":[" + String.join(",", offsets) + "]}";
    }

    private String commitAs(String member, int generation) {
        return commit(group, member, generation, offset(0, 17));
    }

    /** What the member may well commit. */
    private String commit() {
        return commit(
                group, MEMBER, generation, offset(0, 17, "\"leader_epoch\":1", "\"metadata\":\"x\""), offset(1, 0));
    }

    /** Every offset ever committed by the group, with who did it and how. */
    private String committed(String group) throws SQLException {
        return database.string(
                "select string_agg(concat_ws(' ', partition, committed_offset, generation_id, member_id, kind,"
                        + " leader_epoch, metadata, principal), ', ' order by commit_sequence) from tidemark.offset_commits"
                        + " where group_id = '" + group + "'");
    }

    private String commitOnce() {
        return "0 17 " + generation + " m atomic 1 x ANONYMOUS, 1 0 " + generation + " m atomic ANONYMOUS";
    }

    private static void assertRefused(Answer answer, int status, String error, String inDetail) {
        assertThat(answer.json().path("error").asText())
                .as(answer.json().toString())
                .isEqualTo(error);
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.detail()).contains(inDetail);
    }

    private static String request(String commit, String... records) {
        return "{\"records\":[" + String.join(",", records) + "],\"commit\":" + commit + "}";
    }

    @Test
    void recordsOfSeveralTopicsAndOffsetsTakePlaceTogether() throws SQLException {
        String text = server.newTopic("\"partition_count\":2");
        String json = server.newTopic("\"configs\":{\"value.type\":\"json\"}");

        Answer answer = post(request(
                commit(),
                record(json, "\"value\":\"a string\""),
                "{\"partition\":1,\"value\":\"a\",\"topic\":\"" + text + "\",\"timestamp\":1700000000000}",
                record(json, "\"value\":{\"b\" : 2}")));

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        JsonNode offsets = answer.json().path("offsets");
        assertThat(offsets.findValuesAsText("topic")).containsExactly(json, text, json);
        assertThat(offsets.findValuesAsText("partition")).containsExactly("0", "1", "0");
        assertThat(offsets.findValuesAsText("offset")).containsExactly("0", "0", "1");
        assertThat(offsets.get(1).path("timestamp").asText()).isEqualTo("2023-11-14T22:13:20.000Z");
        assertThat(database.string(
                        "select string_agg(value::text, ' ' order by record_offset) from topic.\"" + json + "\""))
                .isEqualTo("\"a string\" {\"b\":2}");
        assertThat(committed(group)).isEqualTo(commitOnce());
    }

    @Test
    void offsetsAloneAreCommitted() throws SQLException {
        Answer answer = post(request(commit()));

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        assertThat(answer.json().path("offsets")).isEmpty();
        assertThat(committed(group)).isEqualTo(commitOnce());
    }

    @Test
    void offsetsOfALateCommitArePassedOverAndItsRecordsAppended() throws SQLException {
        String topic = server.newTopic();
        String later = numbered(commit(group, MEMBER, generation, offset(0, 17)), "3");
        String late = numbered(commit(group, MEMBER, generation, offset(0, 9), offset(1, 0)), "1");
        String lateToo = numbered(commit(group, MEMBER, generation, offset(0, 13)), "2");
        assertThat(post(request(later)).status()).isEqualTo(200);

        assertThat(post(request(late, record(topic, "\"value\":\"a\""))).status())
                .isEqualTo(200);
        assertThat(postFrame(frame(lateToo.getBytes(StandardCharsets.UTF_8), section(topic, TestLog.batch(0, "b"))))
                        .status())
                .isEqualTo(200);

        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("2");
        assertThat(committed(group))
                .isEqualTo("0 17 " + generation + " m atomic ANONYMOUS, 1 0 " + generation + " m atomic ANONYMOUS");
    }

    @Test
    void groupWithoutMembersIsCommittedForByNobodyAndMadeWhereThereIsNone() throws SQLException {
        String topic = server.newTopic();
        String unmade = group + "-unmade";

        assertThat(post(request(commitOfNobody(unmade, offset(0, 1)), record(topic, "\"value\":\"a\"")))
                        .status())
                .isEqualTo(200);
        assertThat(post(request(commitOfNobody(unmade, offset(0, 2)))).status()).isEqualTo(200);

        assertThat(committed(unmade)).isEqualTo("0 1 atomic ANONYMOUS, 0 2 atomic ANONYMOUS");
    }

    /** @param commit what is committed, of the test's group or another */
    private record Refusal(
            String name, int status, String error, String inDetail, Function<HttpTransactionTest, String> commit) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Refusal> refusals() {
        return Stream.of(
                new Refusal(
                        "unknown member",
                        404,
                        "UNKNOWN_MEMBER_ID",
                        "has no member \"nobody\"",
                        test -> test.commitAs("nobody", test.generation)),
                new Refusal("member that left", 404, "UNKNOWN_MEMBER_ID", "\"m\" left", test -> {
                    test.leave(MEMBER);
                    return test.commitAs(MEMBER, test.generation);
                }),
                new Refusal(
                        "no member of a group that has some",
                        404,
                        "UNKNOWN_MEMBER_ID",
                        "has members",
                        test -> commitOfNobody(test.group, test.offset(0, 17))),
                new Refusal("generation from before it was the owner", 409, "ILLEGAL_GENERATION", "since", test -> {
                    test.leave(MEMBER);
                    return test.commitAs("next", test.joinAs("next") - 1);
                }),
                new Refusal(
                        "generation that is not yet",
                        409,
                        "ILLEGAL_GENERATION",
                        "above",
                        test -> test.commitAs(MEMBER, test.generation + 1)),
                new Refusal(
                        "partition of another",
                        409,
                        "ILLEGAL_GENERATION",
                        "is owned by member \"m\"",
                        test -> test.commitAs("waiting", test.joinAs("waiting"))),
                new Refusal("replaced member", 409, "FENCED_INSTANCE_ID", "replaced", test -> {
                    test.leave(MEMBER);
                    int generation = test.joinAs("old", "\"group_instance_id\":\"i\"");
                    test.joinAs("new", "\"group_instance_id\":\"i\"");
                    return test.commitAs("old", generation);
                }),
                new Refusal(
                        "member of another principal",
                        403,
                        "GROUP_AUTHORIZATION_FAILED",
                        "another principal",
                        HttpTransactionTest::commitAsAnother),
                new Refusal(
                        "unknown group",
                        404,
                        "GROUP_ID_NOT_FOUND",
                        "no-such-group",
                        test -> commit("no-such-group", MEMBER, 1, test.offset(0, 17))),
                new Refusal(
                        "unknown topic",
                        404,
                        "UNKNOWN_TOPIC_OR_PARTITION",
                        "no-such-topic",
                        test -> commit(test.group, MEMBER, test.generation, offset("no-such-topic", 0, 0))),
                new Refusal(
                        "unknown partition",
                        404,
                        "UNKNOWN_TOPIC_OR_PARTITION",
                        "partition 2",
                        test -> commit(test.group, MEMBER, test.generation, test.offset(0, 1), test.offset(2, 0))),
                new Refusal(
                        "offset above the log end",
                        416,
                        "OFFSET_OUT_OF_RANGE",
                        "log end offset 20",
                        test -> commit(test.group, MEMBER, test.generation, test.offset(0, END + 1))),
                new Refusal(
                        "partition twice",
                        400,
                        "INVALID_REQUEST",
                        "twice",
                        test -> commit(test.group, MEMBER, test.generation, test.offset(0, 1), test.offset(0, 2))),
                new Refusal(
                        "member without a generation",
                        400,
                        "INVALID_REQUEST",
                        "generation_id",
                        test -> "{\"group\":\"" + test.group + "\",\"member_id\":\"m\",\"offsets\":["
                                + test.offset(0, 17) + "]}"),
                new Refusal(
                        "commit number that is none",
                        400,
                        "INVALID_REQUEST",
                        "\"commit_number\"",
                        test -> numbered(commit(test.group, MEMBER, test.generation, test.offset(0, 17)), "-1")),
                new Refusal(
                        "commit number of nobody",
                        400,
                        "INVALID_REQUEST",
                        "\"commit_number\"",
                        test -> numbered(commitOfNobody(test.group, test.offset(0, 17)), "1")),
                new Refusal(
                        "metadata that is too large",
                        400,
                        "OFFSET_METADATA_TOO_LARGE",
                        "4097",
                        test -> commit(
                                test.group,
                                MEMBER,
                                test.generation,
                                test.offset(0, 1, "\"metadata\":\"" + "x".repeat(4097) + "\""))),
                new Refusal(
                        "group without a name",
                        400,
                        "INVALID_GROUP_ID",
                        "1 to 249 bytes",
                        test -> commit("", MEMBER, test.generation, test.offset(0, 17))));
    }

    private String commitAsAnother() {
        String theirs = group + "-of-another";
        try {
            new SqlGroups(database).join(theirs, MEMBER, "somebody-else");
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return commit(theirs, MEMBER, 1, offset(0, 17));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatTheGroupRefusesTakesNoPlace(Refusal refusal) throws SQLException {
        String topic = server.newTopic();
        String commit = refusal.commit().apply(this);

        assertRefused(
                post(request(commit, record(topic, "\"value\":\"a\""))),
                refusal.status(),
                refusal.error(),
                refusal.inDetail());
        assertRefused(post(request(commit)), refusal.status(), refusal.error(), refusal.inDetail());
        assertRefused(
                postFrame(frame(commit.getBytes(StandardCharsets.UTF_8), section(topic, TestLog.batch(0, "a")))),
                refusal.status(),
                refusal.error(),
                refusal.inDetail());

        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("0");
        assertThat(committed(group)).isNull();
    }

    @Test
    void rangeOfTheLogIsToldWithAnOffsetAboveItsEnd() {
        String topic = server.newTopic();
        String above = commit(group, MEMBER, generation, offset(0, END + 1));

        for (Answer answer : List.of(
                post(request(above)),
                post(request(above, record(topic, "\"value\":\"a\""))),
                postFrame(frame(above.getBytes(StandardCharsets.UTF_8), section(topic, TestLog.batch(0, "a")))))) {
            assertThat(answer.json().path("log_start_offset").isIntegralNumber())
                    .as(answer.json().toString())
                    .isTrue();
            assertThat(answer.json().path("log_start_offset").asLong()).isZero();
            assertThat(answer.json().path("log_end_offset").asLong()).isEqualTo(END);
        }
    }

    @Test
    void repeatedRequestIsAnsweredWithTheFirstOffsetsWhateverTheGroupSaysNow() throws SQLException {
        String topic = server.newTopic("\"partition_count\":2");
        String other = server.newTopic();
        long producer =
                server.post("/v1/producers", "").json().path("producer_id").asLong();
        String body = "{\"producer_id\":" + producer + ",\"producer_epoch\":0,\"base_sequences\":{\"" + topic
                + "\":{\"1\":0},\"" + other
                + "\":{\"0\":0}},\"records\":[" + record(topic, "\"value\":\"a\"") + ","
                + record(other, "\"value\":\"b\"") + "],\"commit\":" + commit() + "}";
        Answer first = post(body);
        assertThat(first.status()).as(first.json().toString()).isEqualTo(200);
        assertThat(first.json().at("/offsets/0/partition").asInt()).isEqualTo(1);
        leave(MEMBER);
        assertThat(post(request(commit())).error()).isEqualTo("UNKNOWN_MEMBER_ID");

        Answer repeated = post(body);

        assertThat(repeated.status()).isEqualTo(200);
        assertThat(repeated.json().path("offsets").findValuesAsText("offset"))
                .isEqualTo(first.json().path("offsets").findValuesAsText("offset"));
        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("1");
        assertThat(committed(group)).isEqualTo(commitOnce());
    }

    @Test
    void recordsAtFaultAreNamedAndNothingTakesPlace() throws SQLException {
        String json = server.newTopic("\"configs\":{\"value.type\":\"json\"}");

        Answer answer = post(request(
                commit(),
                record(json, "\"value\":1"),
                "{\"value\":2}",
                record(json, "\"partition\":9"),
                record(json, "\"value\":3,\"nonsense\":4")));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("record_errors").findValuesAsText("index"))
                .containsExactly("1", "2", "3");
        assertThat(answer.json().path("record_errors").findValuesAsText("detail"))
                .satisfiesExactly(
                        one -> assertThat(one).isEqualTo("the record names no \"topic\""),
                        two -> assertThat(two).contains("has no partition 9"),
                        three -> assertThat(three).contains("unknown field \"nonsense\"; known are topic, key"));
        Answer late = post("{\"records\":[" + record(json, "\"value\":1") + ","
                + record(json, "\"value_base64\":\"AA==\"") + "]}");
        assertThat(late.json().path("record_errors").findValuesAsText("index")).containsExactly("1");
        assertThat(database.string("select count(*) from topic.\"" + json + "\""))
                .isEqualTo("0");
        assertThat(committed(group)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{\"records\":[]}",
                "{\"records\":null}",
                "{\"records\":[],\"commit\":null}",
                "{\"records\":[],\"commit\":[]}",
                "{\"records\":[],\"commit\":{}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\"}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[]}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[{}]}}",
                "{\"records\":[],\"commit\":{\"group\":7,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}}",
                "{\"records\":[],\"commit\":{\"group\":\"\\u0000\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":-1,\"committed_offset\":0}]}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":1.5}]}}",
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0,\"more\":1}]}}",
                "{\"records\":[],\"records\":[]}",
                "{\"records\":[],\"unknown\":1}",
                "{\"records\":[7]}",
                "{\"records\":[{\"topic\":7}]}",
                "{\"records\":[],\"base_sequences\":{\"t\":{\"0\":1}},\"commit\":{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}}",
                "{\"records\":[],\"base_sequences\":{\"t\":7}}"
            })
    void whatIsNotOfTheFormIsRefused(String body) {
        Answer answer = post(body);

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(400);
        assertThat(answer.error()).isEqualTo("INVALID_REQUEST");
    }

    @Test
    void commitGoesWithNoAcksOfZero() {
        Answer answer = server.post("/v1/records?acks=0", request(commit()));

        assertThat(answer.error()).isEqualTo("INVALID_REQUEST");
        assertThat(answer.detail()).contains("acks=0");
    }

    @Test
    void topicThatIsNotThereIsRefused() {
        Answer answer = post("{\"records\":[" + record("nowhere", "\"value\":1") + "]}");

        assertThat(answer.error()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
    }

    @Test
    void binaryFormTakesPlaceAllOrNothing() throws SQLException {
        String one = server.newTopic("\"partition_count\":2");
        String other = server.newTopic("\"configs\":{\"value.type\":\"json\"}");
        byte[] commit = commit().getBytes(StandardCharsets.UTF_8);

        Answer answer = postFrame(frame(
                commit,
                section(one, TestLog.batch(1, "a", "b"), TestLog.batch(0, "c")),
                section(other, TestLog.batch(0, "1"))));

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        JsonNode batches = answer.json().path("batches");
        assertThat(batches.findValuesAsText("topic")).containsExactly(one, one, other);
        assertThat(batches.findValuesAsText("partition")).containsExactly("1", "0", "0");
        assertThat(batches.findValuesAsText("base_offset")).containsExactly("0", "0", "0");
        assertThat(committed(group)).isEqualTo(commitOnce());

        Answer refused = postFrame(frame(
                commit, section(one, TestLog.batch(1, "d", "e")), section(other, TestLog.batch(0, "2", "no JSON"))));
        assertThat(refused.error()).isEqualTo("INVALID_RECORD");
        assertThat(refused.json().path("record_errors").findValuesAsText("index"))
                .containsExactly("3");
        assertThat(database.string("select count(*) from topic.\"" + one + "\""))
                .isEqualTo("3");
        assertThat(committed(group)).isEqualTo(commitOnce());
    }

    @Test
    void binaryFormMayCommitAlone() throws SQLException {
        byte[] commit = commit().getBytes(StandardCharsets.UTF_8);

        assertThat(postFrame(frame(commit)).status()).isEqualTo(200);
        assertThat(committed(group)).isEqualTo(commitOnce());
    }

    @Test
    void framesThatAreCutOffOrDamagedAreRefused() throws SQLException {
        String topic = server.newTopic();
        byte[] whole = frame("null".getBytes(StandardCharsets.UTF_8), section(topic, TestLog.batch(0, "a")));
        for (int length = 0; length < whole.length; length++) {
            Answer answer = postFrame(java.util.Arrays.copyOf(whole, length));
            assertThat(answer.status())
                    .as("%s of %s bytes: %s", length, whole.length, answer.json())
                    .isEqualTo(400);
        }
        assertThat(postFrame(frame(new byte[0])).error()).isEqualTo("INVALID_REQUEST");
        assertThat(postFrame(frame("{}x".getBytes(StandardCharsets.UTF_8))).error())
                .isEqualTo("INVALID_REQUEST");
        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("0");
        assertThat(postFrame(whole).status()).isEqualTo(200);
    }

    private static byte[] section(String topic, ProduceFrame.Batch... batches) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] name = topic.getBytes(StandardCharsets.UTF_8);
        byte[] header = new byte[TransactionFrame.topicHeaderBytes(name)];
        TransactionFrame.writeTopicHeader(header, 0, name, batches.length);
        out.writeBytes(header);
        for (ProduceFrame.Batch batch : batches) {
            byte[] head = new byte[ProduceFrame.BATCH_HEADER_BYTES];
            ProduceFrame.writeBatchHeader(
                    head,
                    0,
                    batch.partition(),
                    batch.producerId(),
                    batch.producerEpoch(),
                    batch.baseSequence(),
                    batch.recordCount(),
                    batch.length());
            out.writeBytes(head);
            out.writeBytes(batch.bytes());
        }
        return out.toByteArray();
    }

    private static byte[] frame(byte[] commit, byte[]... sections) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(4).putInt(sections.length).array());
        for (byte[] section : sections) {
            out.writeBytes(section);
        }
        out.writeBytes(ByteBuffer.allocate(4).putInt(commit.length).array());
        out.writeBytes(commit);
        return out.toByteArray();
    }

    private static Answer postFrame(byte[] frame) {
        return server.send(server.request("/v1/records")
                .header("Content-Type", MediaTypes.TRANSACTION_V1)
                .POST(BodyPublishers.ofByteArray(frame)));
    }

    private static String record(String topic, String fields) {
        return "{\"topic\":\"" + topic + "\"," + fields + "}";
    }

    private static Answer post(String body) {
        return server.post("/v1/records", body);
    }
}
