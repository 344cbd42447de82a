package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One database transaction over several topics. What commits offsets stands in for the groups', and remembers what it was told. */
class HttpTransactionTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private static final String COMMIT =
            ",\"commit\":{\"group\":\"g\",\"member_id\":\"m\",\"generation_id\":3,\"offsets\":[{\"topic\":\"in\",\"partition\":0,\"committed_offset\":17,\"leader_epoch\":1,\"metadata\":\"x\"},{\"topic\":\"in\",\"partition\":1,\"committed_offset\":0}]}";

    @BeforeEach
    void standIn() throws SQLException {
        execute("drop table if exists committed; create table committed (what text)");
        standIn("");
    }

    private static void standIn(String first) throws SQLException {
        execute(
                "create or replace function tidemark_internal.commit_group_offsets(p_group text, p_member_id text, p_generation int, p_topics text[],"
                        + " p_partitions int[], p_committed_offsets bigint[], p_leader_epochs int[], p_metadata text[], p_principal text) returns void"
                        + " language plpgsql as $$ begin " + first
                        + " insert into committed values (concat_ws(' ', p_group, p_member_id, p_generation, p_topics, p_partitions, p_committed_offsets,"
                        + " p_leader_epochs, p_metadata, p_principal)); end $$");
    }

    @Test
    void recordsOfSeveralTopicsAndOffsetsTakePlaceTogether() throws SQLException {
        String text = server.newTopic("\"partition_count\":2");
        String json = server.newTopic("\"configs\":{\"value.type\":\"json\"}");

        Answer answer = post("{\"records\":[" + record(json, "\"value\":\"a string\"") + ","
                + "{\"partition\":1,\"value\":\"a\",\"topic\":\"" + text + "\",\"timestamp\":1700000000000},"
                + record(json, "\"value\":{\"b\" : 2}") + "]" + COMMIT + "}");

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        JsonNode offsets = answer.json().path("offsets");
        assertThat(offsets.findValuesAsText("topic")).containsExactly(json, text, json);
        assertThat(offsets.findValuesAsText("partition")).containsExactly("0", "1", "0");
        assertThat(offsets.findValuesAsText("offset")).containsExactly("0", "0", "1");
        assertThat(offsets.get(1).path("timestamp").asText()).isEqualTo("2023-11-14T22:13:20.000Z");
        assertThat(database.string(
                        "select string_agg(value::text, ' ' order by record_offset) from topic.\"" + json + "\""))
                .isEqualTo("\"a string\" {\"b\":2}");
        assertThat(committed()).isEqualTo("g m 3 {in,in} {0,1} {17,0} {1,NULL} {x,NULL} ANONYMOUS");
    }

    @Test
    void offsetsAloneAreCommitted() throws SQLException {
        Answer answer = post(
                "{\"records\":[],\"commit\":{\"group\":\"g\",\"offsets\":[{\"topic\":\"in\",\"partition\":0,\"committed_offset\":1}]}}");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("offsets")).isEmpty();
        assertThat(committed()).isEqualTo("g {in} {0} {1} {NULL} {NULL} ANONYMOUS");
    }

    @ParameterizedTest
    @CsvSource({
        "TM025, 404, UNKNOWN_MEMBER_ID",
        "TM022, 409, ILLEGAL_GENERATION",
        "TM027, 409, REBALANCE_IN_PROGRESS",
        "TM069, 404, GROUP_ID_NOT_FOUND",
        "TM082, 409, FENCED_INSTANCE_ID",
        "TM003, 404, UNKNOWN_TOPIC_OR_PARTITION",
        "TM001, 416, OFFSET_OUT_OF_RANGE",
        "TM042, 400, INVALID_REQUEST",
        "TM012, 400, OFFSET_METADATA_TOO_LARGE",
        "TM024, 400, INVALID_GROUP_ID"
    })
    void whatTheGroupRefusesTakesNoPlace(String state, int status, String error) throws SQLException {
        String topic = server.newTopic();
        standIn("raise exception 'not this one' using errcode = '" + state + "';");

        Answer answer = post("{\"records\":[" + record(topic, "\"value\":\"a\"") + "]" + COMMIT + "}");

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.error()).isEqualTo(error);
        assertThat(answer.detail()).isEqualTo("not this one");
        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("0");
        assertThat(post("{\"records\":[]" + COMMIT + "}").error()).isEqualTo(error);
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
                + record(other, "\"value\":\"b\"") + "]"
                + COMMIT + "}";
        Answer first = post(body);
        assertThat(first.status()).as(first.json().toString()).isEqualTo(200);
        assertThat(first.json().at("/offsets/0/partition").asInt()).isEqualTo(1);
        standIn("raise exception 'over' using errcode = 'TM022';");

        Answer repeated = post(body);

        assertThat(repeated.status()).isEqualTo(200);
        assertThat(repeated.json().path("offsets").findValuesAsText("offset"))
                .isEqualTo(first.json().path("offsets").findValuesAsText("offset"));
        assertThat(database.string("select count(*) from topic.\"" + topic + "\""))
                .isEqualTo("1");
        assertThat(database.string("select count(*) from committed")).isEqualTo("1");
    }

    @Test
    void recordsAtFaultAreNamedAndNothingTakesPlace() throws SQLException {
        String json = server.newTopic("\"configs\":{\"value.type\":\"json\"}");

        Answer answer = post(
                "{\"records\":[" + record(json, "\"value\":1") + ",{\"value\":2}," + record(json, "\"partition\":9")
                        + "," + record(json, "\"value\":3,\"nonsense\":4") + "]" + COMMIT + "}");

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
        assertThat(committed()).isNull();
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
        Answer answer = server.post("/v1/records?acks=0", "{\"records\":[]" + COMMIT + "}");

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
        byte[] commit = COMMIT.substring(",\"commit\":".length()).getBytes(StandardCharsets.UTF_8);

        Answer answer = postFrame(frame(
                commit,
                section(one, TestLog.batch(1, "a", "b"), TestLog.batch(0, "c")),
                section(other, TestLog.batch(0, "1"))));

        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        JsonNode batches = answer.json().path("batches");
        assertThat(batches.findValuesAsText("topic")).containsExactly(one, one, other);
        assertThat(batches.findValuesAsText("partition")).containsExactly("1", "0", "0");
        assertThat(batches.findValuesAsText("base_offset")).containsExactly("0", "0", "0");
        assertThat(committed()).startsWith("g m 3");

        Answer refused = postFrame(frame(
                commit, section(one, TestLog.batch(1, "d", "e")), section(other, TestLog.batch(0, "2", "no JSON"))));
        assertThat(refused.error()).isEqualTo("INVALID_RECORD");
        assertThat(refused.json().path("record_errors").findValuesAsText("index"))
                .containsExactly("3");
        assertThat(database.string("select count(*) from topic.\"" + one + "\""))
                .isEqualTo("3");
        assertThat(database.string("select count(*) from committed")).isEqualTo("1");
    }

    @Test
    void binaryFormMayCommitAlone() throws SQLException {
        byte[] commit = COMMIT.substring(",\"commit\":".length()).getBytes(StandardCharsets.UTF_8);

        assertThat(postFrame(frame(commit)).status()).isEqualTo(200);
        assertThat(committed()).startsWith("g m 3");
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

    private static String committed() throws SQLException {
        return database.string("select max(what) from committed");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
