package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class GroupsCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private String topic;
    private String group;

    @BeforeEach
    void produce() {
        topic = server.newTopic();
        group = "group-of-" + topic;
        server.runOn("a\nb\nc\n", "produce", topic);
    }

    private List<String> consume(String... options) {
        List<String> arguments = new java.util.ArrayList<>(List.of("consume", topic, "--group", group));
        arguments.addAll(List.of(options));
        return server.run(arguments.toArray(String[]::new)).quietly().lines();
    }

    @Test
    void whatWasPrintedIsCommittedAndNoMore() {
        assertThat(consume("--from", "earliest", "--max-records", "2")).containsExactly("a", "b");
        assertThat(consume("--exit-at-end")).containsExactly("c");
        assertThat(consume("--exit-at-end", "--from", "earliest")).isEmpty();
        server.runOn("d\n", "produce", topic);
        assertThat(consume("--exit-at-end")).containsExactly("d");
    }

    @Test
    void withoutACommittedOffsetItStartsWhereItIsTold() {
        assertThat(consume("--exit-at-end")).as("at the end").isEmpty();
        assertThat(consume("--exit-at-end", "--from", "1")).containsExactly("b", "c");
        group = group + "-2";
        assertThat(consume("--exit-at-end", "--from", "2020-01-01T00:00:00Z")).containsExactly("a", "b", "c");
    }

    @Test
    void groupIsListedDescribedResetAndDeleted() {
        consume("--from", "earliest", "--max-records", "2");

        assertThat(server.run("groups", "list").quietly().text())
                .containsPattern("(?m)^ " + group + " +\\| Empty +\\| +\\d+ \\| +0$");
        assertThat(server.run("groups", "list", "--format", "json").quietly().text())
                .contains("{\"group_id\":\"" + group + "\",\"state\":\"Empty\",");
        assertThat(server.run("groups", "describe", group).quietly().text())
                .startsWith("Group " + group + ", Empty, generation ")
                .contains(", 0 members\n")
                .containsPattern("(?m)^ " + topic + " +\\| +0 \\| +2 \\| +3 \\| +1 \\| +\\d+ \\|$");
        assertThat(server.run("groups", "describe", group, "--format", "json")
                        .quietly()
                        .text())
                .contains("\"lag\":1,");

        String reset = server.run(
                        "groups", "reset-offsets", group, "--topic", topic + ":0", "--to", "earliest", "--dry-run")
                .quietly()
                .text();
        assertThat(reset)
                .containsPattern("(?m)^ " + topic + " +\\| +0 \\| +2 \\| +0$")
                .endsWith("(1 offset, not moved)\n");
        assertThat(consume("--exit-at-end")).containsExactly("c");

        server.run("groups", "reset-offsets", group, "--all-topics", "--shift-by", "-2")
                .quietly();
        assertThat(consume("--exit-at-end")).containsExactly("b", "c");
        server.run("groups", "reset-offsets", group, "--topic", topic, "--to-offset", "2")
                .quietly();
        assertThat(consume("--exit-at-end")).containsExactly("c");
        server.run("groups", "reset-offsets", group, "--topic", topic, "--to", "2020-01-01T00:00:00Z")
                .quietly();
        assertThat(consume("--exit-at-end")).containsExactly("a", "b", "c");

        assertThat(server.run("groups", "delete", group).quietly().text()).isEqualTo("Deleted group " + group + ".\n");
        server.run("groups", "describe", group).refusedWith(group, "(GROUP_ID_NOT_FOUND)");
        server.run("groups", "delete", group).refusedWith("(GROUP_ID_NOT_FOUND)");
    }

    @Test
    void refusalsAreOneLine() {
        server.run("groups", "describe", "nowhere").refusedWith("nowhere", "(GROUP_ID_NOT_FOUND)");
        server.run("consume", "nowhere", "--group", group).refusedWith("(UNKNOWN_TOPIC_OR_PARTITION)");
        consume("--exit-at-end", "--from", "earliest");
        server.run("groups", "reset-offsets", group, "--topic", "nowhere", "--to", "latest")
                .refusedWith("nowhere", "(UNKNOWN_TOPIC_OR_PARTITION)");
    }
}
