package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Committed offsets and the administration of groups over HTTP: each case of {@code docs/internals/groups.md}. */
@Timeout(120)
class HttpGroupsTest {
    private static final int END = 10;

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private final SqlGroups groups = new SqlGroups(database);
    private final String group = "g-" + UUID.randomUUID();
    private String topic;

    @BeforeEach
    void aTopicWithTenRecordsInEachOfTwoPartitions() {
        topic = server.newTopic("\"partition_count\":2", "\"configs\":{\"value.type\":\"text\"}");
        for (int partition = 0; partition < 2; partition++) {
            append(partition, END);
        }
    }

    private void append(int partition, int records) {
        String list = IntStream.range(0, records)
                .mapToObj(n -> "{\"partition\":" + partition + ",\"value\":\"" + n + "\",\"timestamp\":"
                        + (1_700_000_000_000L + n) + "}")
                .collect(Collectors.joining(","));
        assertThat(server.post("/v1/topics/" + topic + "/records", "{\"records\":[" + list + "]}")
                        .status())
                .isEqualTo(200);
    }

    private static String offset(String topic, int partition, long offset, String... more) {
        return "{\"topic\":\"" + topic + "\",\"partition\":" + partition + ",\"committed_offset\":" + offset
                + (more.length == 0 ? "" : "," + String.join(",", more)) + "}";
    }

    private Answer commit(String offsets) {
        return server.post("/v1/groups/" + group + "/offsets", "{\"offsets\":[" + offsets + "]}");
    }

    private Answer commitAs(String member, int generation, String offsets) {
        return server.post(
                "/v1/groups/" + group + "/offsets",
                "{\"member_id\":\"" + member + "\",\"generation_id\":" + generation + ",\"offsets\":[" + offsets
                        + "]}");
    }

    private Answer reset(String fields) {
        return server.post("/v1/groups/" + group + "/offsets/reset", "{" + fields + "}");
    }

    private JsonNode committed() {
        return server.get("/v1/groups/" + group + "/offsets").json().path("offsets");
    }

    private static void assertRefused(Answer answer, int status, String error, String... inDetail) {
        assertThat(answer.json().toString()).contains("\"error\":\"" + error + "\"");
        assertThat(answer.status()).isEqualTo(status);
        for (String part : inDetail) {
            assertThat(answer.detail()).contains(part);
        }
    }

    @Test
    void whatIsCommittedIsReadWithAllThatCameWithIt() {
        assertThat(committed()).isEmpty();
        Answer answer =
                commit(offset(topic, 1, 7, "\"leader_epoch\":3", "\"metadata\":\"näh\"") + "," + offset(topic, 0, END));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().toString())
                .isEqualTo("{\"offsets\":[{\"topic\":\"" + topic + "\",\"partition\":1,\"committed_offset\":7},"
                        + "{\"topic\":\"" + topic + "\",\"partition\":0,\"committed_offset\":10}]}");
        JsonNode second = committed().get(1);
        assertThat(second.path("partition").asInt()).isEqualTo(1);
        assertThat(second.path("committed_offset").asLong()).isEqualTo(7);
        assertThat(second.path("leader_epoch").asInt()).isEqualTo(3);
        assertThat(second.path("metadata").asText()).isEqualTo("näh");
        assertThat(second.path("committed_at").asText()).matches("\\d{4}-.*\\.\\d{3}Z");
        assertThat(committed().get(0).hasNonNull("metadata")).isFalse();
    }

    @Test
    void theLastCommitCountsAndOtherTopicsAreLeftOutWhenOneIsAskedFor() {
        String other = server.newTopic();
        commit(offset(topic, 0, 7) + "," + offset(other, 0, 0));
        commit(offset(topic, 0, 3));

        assertThat(committed()).hasSize(2);
        JsonNode one = server.get("/v1/groups/" + group + "/offsets?topic=" + topic)
                .json()
                .path("offsets");
        assertThat(one).hasSize(1);
        assertThat(one.get(0).path("committed_offset").asLong()).isEqualTo(3);
    }

    @Test
    void offsetsOfADeletedTopicAreLeftOutAndDoNotComeBackWithAnotherOfItsName() {
        commit(offset(topic, 0, 7));
        server.delete("/v1/topics/" + topic);
        assertThat(committed()).isEmpty();
        assertRefused(commit(offset(topic, 0, 0)), 404, "UNKNOWN_TOPIC_OR_PARTITION", topic);
        server.post("/v1/topics", "{\"name\":\"" + topic + "\"}");
        assertThat(committed()).isEmpty();
    }

    @Test
    void anOwnerCommitsInEachGenerationSinceItGotThePartition() throws SQLException {
        groups.join(group, "m", "ANONYMOUS");
        groups.give(group, topic, 0, "m");
        int got = groups.generation(group);
        groups.beginGeneration(group);

        assertThat(commitAs("m", got, offset(topic, 0, 1)).status()).isEqualTo(200);
        assertThat(commitAs("m", got + 1, offset(topic, 0, 2)).status()).isEqualTo(200);
        assertRefused(
                commitAs("m", got - 1, offset(topic, 0, 3)), 409, "ILLEGAL_GENERATION", topic, "partition 0", "\"m\"");
        assertRefused(commitAs("m", got + 2, offset(topic, 0, 3)), 409, "ILLEGAL_GENERATION", "above");
        assertThat(committed().get(0).path("committed_offset").asLong()).isEqualTo(2);
    }

    @Test
    void aPartitionOfAnotherIsNotCommittedNorIsWhatCameWithIt() throws SQLException {
        groups.join(group, "m", "ANONYMOUS");
        groups.join(group, "n", "ANONYMOUS");
        groups.give(group, topic, 0, "m");
        groups.give(group, topic, 1, "n");
        int generation = groups.generation(group);

        assertRefused(
                commitAs("m", generation, offset(topic, 0, 1) + "," + offset(topic, 1, 1)),
                409,
                "ILLEGAL_GENERATION",
                "partition 1",
                topic,
                "\"n\"");
        assertThat(committed()).isEmpty();
        groups.give(group, topic, 1, null);
        assertRefused(
                commitAs("m", groups.generation(group), offset(topic, 1, 1)), 409, "ILLEGAL_GENERATION", "no owner");
    }

    @Test
    void whoIsNoMemberIsToldWhy() throws SQLException {
        assertRefused(commitAs("m", 1, offset(topic, 0, 1)), 404, "GROUP_ID_NOT_FOUND", group);
        groups.join(group, "m", "ANONYMOUS");
        groups.join(group, "other", "ANONYMOUS");
        int generation = groups.generation(group);
        assertRefused(commitAs("x", generation, offset(topic, 0, 1)), 404, "UNKNOWN_MEMBER_ID", "\"x\"");
        assertRefused(commit(offset(topic, 0, 1)), 404, "UNKNOWN_MEMBER_ID", "has members");

        groups.leave(group, "m", "left");
        assertRefused(commitAs("m", generation, offset(topic, 0, 1)), 404, "UNKNOWN_MEMBER_ID", "left", "202");
        groups.join(group, "m", "ANONYMOUS");
        groups.leave(group, "m", "session timeout");
        assertRefused(
                commitAs("m", generation, offset(topic, 0, 1)),
                404,
                "UNKNOWN_MEMBER_ID",
                "expelled",
                "session timeout");
        groups.join(group, "m", "ANONYMOUS");
        groups.leave(group, "m", "replaced");
        assertRefused(commitAs("m", generation, offset(topic, 0, 1)), 409, "FENCED_INSTANCE_ID", "replaced");
    }

    @Test
    void aMemberOfAnotherPrincipalIsNotCommittedFor() throws SQLException {
        groups.join(group, "m", "somebody-else");
        groups.give(group, topic, 0, "m");
        assertRefused(
                commitAs("m", groups.generation(group), offset(topic, 0, 1)),
                403,
                "GROUP_AUTHORIZATION_FAILED",
                "\"m\"");
    }

    @Test
    void thatThereIsNoSuchTopicOrPartitionOrOffsetIsToldByName() {
        assertRefused(commit(offset("no-such-topic", 0, 0)), 404, "UNKNOWN_TOPIC_OR_PARTITION", "no-such-topic");
        assertRefused(commit(offset(topic, 2, 0)), 404, "UNKNOWN_TOPIC_OR_PARTITION", "partition 2", topic);
        Answer above = commit(offset(topic, 0, END + 1));
        assertRefused(above, 416, "OFFSET_OUT_OF_RANGE", "partition 0", topic, "11", "10");
        assertThat(above.json().path("log_start_offset").asLong()).isZero();
        assertThat(above.json().path("log_end_offset").asLong()).isEqualTo(END);
        assertRefused(server.get("/v1/groups/" + group), 404, "GROUP_ID_NOT_FOUND", group);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"offsets\":[]}",
                "{\"offsets\":{}}",
                "{\"offsets\":[7]}",
                "{\"offsets\":[{\"partition\":0,\"committed_offset\":0}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"committed_offset\":0}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":-1}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":1.5}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":9223372036854775808}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":-1,\"committed_offset\":0}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0,\"offset\":0}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0,\"metadata\":7}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0,\"metadata\":\"\\u0000\"}]}",
                "{\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0},{\"topic\":\"t\",\"partition\":0,\"committed_offset\":1}]}",
                "{\"member_id\":\"m\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"generation_id\":1,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member_id\":\"m\",\"generation_id\":-1,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member_id\":\"\\u0000\",\"generation_id\":1,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member\":\"m\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member_id\":\"m\",\"generation_id\":1,\"commit_number\":-1,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member_id\":\"m\",\"generation_id\":1,\"commit_number\":\"1\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"member_id\":\"m\",\"generation_id\":1,\"commit_number\":9223372036854775808,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
                "{\"commit_number\":1,\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":0}]}",
            })
    void aCommitThatIsNotWellFormedIsRefused(String body) {
        assertRefused(server.post("/v1/groups/" + group + "/offsets", body), 400, "INVALID_REQUEST");
    }

    @Test
    void aLateCommitIsAnsweredAsCommittedAndTakesNothingBack() throws Exception {
        groups.join(group, "m", "ANONYMOUS");
        groups.give(group, topic, 0, "m");
        groups.give(group, topic, 1, "m");
        String member = "{\"member_id\":\"m\",\"generation_id\":" + groups.generation(group);

        String later = member + ",\"commit_number\":8,\"offsets\":[" + offset(topic, 0, 7) + "]}";
        assertThat(server.post("/v1/groups/" + group + "/offsets", later).status())
                .isEqualTo(200);
        String late =
                member + ",\"commit_number\":7,\"offsets\":[" + offset(topic, 0, 3) + "," + offset(topic, 1, 3) + "]}";
        Answer answer = server.post("/v1/groups/" + group + "/offsets", late);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("offsets").findValuesAsText("committed_offset"))
                .containsExactly("3", "3");
        assertThat(committed().findValuesAsText("committed_offset")).containsExactly("7", "3");
    }

    @Test
    void metadataHasUpTo4096Bytes() {
        String longest = "ä".repeat(2048);
        assertThat(commit(offset(topic, 0, 1, "\"metadata\":\"" + longest + "\""))
                        .status())
                .isEqualTo(200);
        assertRefused(
                commit(offset(topic, 0, 2, "\"metadata\":\"" + longest + "x\"")),
                400,
                "OFFSET_METADATA_TOO_LARGE",
                "4097",
                "4096");
        assertThat(committed().get(0).path("metadata").asText()).isEqualTo(longest);
    }

    @ParameterizedTest
    @CsvSource({"a%0Ab", "%C2%85"})
    void aGroupsNameHasNoControlCharacters(String name) {
        assertRefused(
                server.post("/v1/groups/" + name + "/offsets", "{\"offsets\":[" + offset(topic, 0, 0) + "]}"),
                400,
                "INVALID_GROUP_ID");
        assertRefused(server.get("/v1/groups/" + name + "/offsets"), 400, "INVALID_GROUP_ID");
        assertRefused(server.get("/v1/groups/" + name), 400, "INVALID_GROUP_ID");
        assertRefused(server.delete("/v1/groups/" + name), 400, "INVALID_GROUP_ID");
    }

    @Test
    void aGroupsNameHasUpTo249Bytes() {
        String longest = "g".repeat(249);
        String body = "{\"offsets\":[" + offset(topic, 0, 0) + "]}";
        assertThat(server.post("/v1/groups/" + longest + "/offsets", body).status())
                .isEqualTo(200);
        assertRefused(server.post("/v1/groups/" + longest + "g/offsets", body), 400, "INVALID_GROUP_ID");
        assertRefused(server.post("/v1/groups/" + "%C3%A4".repeat(125) + "/offsets", body), 400, "INVALID_GROUP_ID");
    }

    @Test
    void aGroupIsListedAndDescribedWithItsLag() throws SQLException {
        commit(offset(topic, 0, 4, "\"metadata\":\"here\""));
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 1, "m");

        JsonNode listed = null;
        for (JsonNode one : server.get("/v1/groups").json().path("groups")) {
            listed = one.path("group_id").asText().equals(group) ? one : listed;
        }
        assertThat(listed).isNotNull();
        assertThat(listed.toString())
                .isEqualTo(
                        "{\"group_id\":\"" + group + "\",\"state\":\"Stable\",\"generation_id\":2,\"member_count\":1}");
        JsonNode described = server.get("/v1/groups/" + group).json();
        assertThat(described.path("assignor").asText()).isEqualTo("sticky");
        JsonNode member = described.path("members").get(0);
        assertThat(member.path("member_id").asText()).isEqualTo("m");
        assertThat(member.path("principal").asText()).isEqualTo("somebody");
        assertThat(member.path("assignments").toString()).isEqualTo("[{\"topic\":\"" + topic + "\",\"partition\":1}]");
        JsonNode first = described.path("partitions").get(0);
        assertThat(first.path("lag").asLong()).isEqualTo(6);
        assertThat(first.path("lag_ms").isIntegralNumber()).isTrue();
        assertThat(first.path("metadata").asText()).isEqualTo("here");
        assertThat(first.hasNonNull("member_id")).isFalse();
        JsonNode second = described.path("partitions").get(1);
        assertThat(second.path("member_id").asText()).isEqualTo("m");
        assertThat(second.hasNonNull("lag")).isFalse();
        assertThat(second.hasNonNull("lag_ms")).isFalse();
        assertThat(second.path("log_end_offset").asLong()).isEqualTo(END);
    }

    @Test
    void theStateFollowsFromMembersTargetsAndOwners() throws SQLException {
        commit(offset(topic, 0, 4));
        assertThat(state()).isEqualTo("Empty");
        groups.join(group, "m", "somebody");
        assertThat(state()).isEqualTo("Stable");
        groups.give(group, topic, 0, "m");
        assertThat(state()).isEqualTo("Stable");
        setTarget("m", "array(select partition_id from tidemark_internal.group_partition)");
        assertThat(state())
                .as("has something in its target that is not its own")
                .isEqualTo("Reconciling");
        setTarget("m", "'{}'");
        assertThat(state()).as("has to let go").isEqualTo("Reconciling");
        groups.leave(group, "m", "left");
        assertThat(state()).isEqualTo("Empty");
    }

    private void setTarget(String member, String target) throws SQLException {
        try (Connection connection = database.connect();
                var update = connection.prepareStatement(
                        "update tidemark_internal.group_member set target = " + target
                                + " where member_id = ? and group_id = (select group_id from tidemark_internal.consumer_group where name = ?)")) {
            update.setString(1, member);
            update.setString(2, group);
            update.execute();
        }
    }

    private String state() {
        return server.get("/v1/groups/" + group).json().path("state").asText();
    }

    @Test
    void aGroupWithoutMembersIsDeletedWithItsOffsets() throws SQLException {
        commit(offset(topic, 0, 4));
        groups.join(group, "m", "somebody");
        assertRefused(server.delete("/v1/groups/" + group), 409, "NON_EMPTY_GROUP", "m");
        groups.leave(group, "m", "left");

        assertThat(server.delete("/v1/groups/" + group).status()).isEqualTo(204);
        assertRefused(server.delete("/v1/groups/" + group), 404, "GROUP_ID_NOT_FOUND");
        assertThat(committed()).isEmpty();
        commit(offset(topic, 1, 1));
        assertThat(committed()).hasSize(1);
    }

    private List<Long> resetTo(String fields) {
        Answer answer = reset(fields);
        assertThat(answer.status()).as(answer.json().toString()).isEqualTo(200);
        List<Long> offsets = new ArrayList<>();
        answer.json()
                .path("offsets")
                .forEach(one -> offsets.add(one.path("committed_offset").asLong()));
        return offsets;
    }

    @Test
    void offsetsAreResetWithinTheLog() {
        String all = "\"topics\":[\"" + topic + "\"],";
        assertThat(resetTo(all + "\"to\":\"latest\"")).containsExactly(10L, 10L);
        assertThat(resetTo(all + "\"to\":\"earliest\"")).containsExactly(0L, 0L);
        assertThat(resetTo(all + "\"to\":1700000000004")).containsExactly(4L, 4L);
        assertThat(resetTo("\"to\":\"2023-11-14T22:13:20.007Z\"")).containsExactly(7L, 7L);
        assertThat(resetTo("\"to\":\"2030-01-01T00:00:00Z\"")).containsExactly(10L, 10L);
        assertThat(resetTo("\"to_offset\":3")).containsExactly(3L, 3L);
        assertThat(resetTo("\"to_offset\":9223372036854775807")).containsExactly(10L, 10L);
        assertThat(resetTo("\"shift_by\":-4")).containsExactly(6L, 6L);
        assertThat(resetTo("\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":1}],\"shift_by\":1"))
                .containsExactly(7L);
        assertThat(resetTo("\"shift_by\":-9223372036854775808")).containsExactly(0L, 0L);
        assertThat(resetTo("\"shift_by\":9223372036854775807")).containsExactly(10L, 10L);
    }

    @Test
    void aDryRunSaysWhatWouldBecomeAndChangesNothing() {
        Answer answer = reset("\"topics\":[\"" + topic + "\"],\"to_offset\":5,\"dry_run\":true");
        assertThat(answer.json().path("dry_run").asBoolean()).isTrue();
        assertThat(answer.json().path("offsets")).hasSize(2);
        assertThat(answer.json().path("offsets").get(0).hasNonNull("previous_offset"))
                .isFalse();
        assertRefused(server.get("/v1/groups/" + group), 404, "GROUP_ID_NOT_FOUND");

        commit(offset(topic, 0, 4));
        JsonNode one = reset("\"to\":\"latest\",\"dry_run\":true").json().path("offsets");
        assertThat(one).hasSize(1);
        assertThat(one.get(0).path("previous_offset").asLong()).isEqualTo(4);
        assertThat(one.get(0).path("committed_offset").asLong()).isEqualTo(10);
        assertThat(committed().get(0).path("committed_offset").asLong()).isEqualTo(4);
    }

    @Test
    void aGroupWithMembersIsNotReset() throws SQLException {
        groups.join(group, "m", "somebody");
        String all = "\"topics\":[\"" + topic + "\"],\"to\":\"latest\"";
        assertRefused(reset(all), 409, "NON_EMPTY_GROUP", "m");
        assertRefused(reset(all + ",\"dry_run\":true"), 409, "NON_EMPTY_GROUP", "m");
    }

    @Test
    void aResetWaitsForNoTransactionThatHasCommittedOffsets() throws SQLException {
        commit(offset(topic, 0, 4));
        try (Connection connection = database.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("select tidemark.commit_offsets('" + group + "', null, null, '" + topic
                    + "', array[0], array[5]::bigint[])");
            assertRefused(reset("\"to\":\"earliest\""), 503, "BROKER_NOT_AVAILABLE", topic, "partition 0");
            assertRefused(server.delete("/v1/groups/" + group), 503, "BROKER_NOT_AVAILABLE", topic);
            connection.commit();
        }
        assertThat(resetTo("\"to\":\"earliest\"")).containsExactly(0L);
    }

    @Test
    void aResetThatIsNotWellFormedIsRefused() {
        commit(offset(topic, 0, 4));
        for (String fields : List.of(
                "",
                "\"topics\":[\"" + topic + "\"]",
                "\"to\":\"latest\",\"to_offset\":1",
                "\"to\":\"yesterday\"",
                "\"to\":true",
                "\"to_offset\":-1",
                "\"shift_by\":\"1\"",
                "\"to\":\"latest\",\"dry_run\":\"yes\"",
                "\"to\":\"latest\",\"topic\":\"x\"",
                "\"to\":\"latest\",\"topics\":[7]",
                "\"to\":\"latest\",\"partitions\":[{\"topic\":\"x\"}]",
                "\"to\":\"latest\",\"topics\":[\"" + topic + "\",\"" + topic + "\"]",
                "\"shift_by\":1,\"topics\":[\"" + topic + "\"]")) {
            assertRefused(reset(fields), 400, "INVALID_REQUEST");
        }
        assertRefused(reset("\"to\":\"latest\",\"topics\":[\"nothing\"]"), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        assertRefused(
                reset("\"to\":\"latest\",\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":9}]"),
                404,
                "UNKNOWN_TOPIC_OR_PARTITION",
                "9");
        assertRefused(
                server.post("/v1/groups/no-such-group/offsets/reset", "{\"to\":\"latest\"}"),
                404,
                "GROUP_ID_NOT_FOUND");
        assertThat(committed().get(0).path("committed_offset").asLong()).isEqualTo(4);
    }
}
