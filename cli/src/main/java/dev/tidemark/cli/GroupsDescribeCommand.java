package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.protocol.api.GroupDescription;
import dev.tidemark.protocol.api.GroupMemberDescription;
import dev.tidemark.protocol.api.GroupPartitionDescription;
import dev.tidemark.protocol.api.PartitionName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemark groups describe}. */
@Command(
        name = "describe",
        header = "Show a group's members, and how far it is in each partition.",
        description =
                "lag is how many records are not committed yet, lag_ms how long ago the first of them was appended.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark groups describe billing",
            "  tidemark groups describe billing --format json | jq '.partitions[].lag'"
        })
final class GroupsDescribeCommand implements Runnable {
    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group = "";

    @Mixin
    private final AnswerOptions answer = new AnswerOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    GroupsDescribeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        GroupDescription description;
        try (TidemarkAdmin admin = server.admin()) {
            description = admin.describeGroup(group);
        }
        answer.show(description, streams.out(), out -> writeTables(description, out));
    }

    private static void writeTables(GroupDescription group, Output out) {
        String assignor = group.assignor() == null ? "" : ", assignor " + group.assignor();
        out.writeLine("Group " + group.groupId() + ", " + group.state() + ", generation " + group.generationId()
                + assignor + ", " + Quantity.of(group.members().size(), "member"));
        if (!group.members().isEmpty()) {
            out.write('\n');
            writeMembers(group.members(), out);
        }
        if (!group.partitions().isEmpty()) {
            out.write('\n');
            writePartitions(group.partitions(), out);
        }
    }

    private static void writeMembers(List<GroupMemberDescription> members, Output out) {
        TextTable table = new TextTable(
                List.of(
                        TextTable.Column.ofText("member_id"),
                        TextTable.Column.ofText("client_id"),
                        TextTable.Column.ofText("group_instance_id"),
                        TextTable.Column.ofText("principal"),
                        TextTable.Column.ofText("partitions")),
                out);
        for (GroupMemberDescription member : members) {
            table.row(cells(
                    member.memberId(),
                    orEmpty(member.clientId()),
                    orEmpty(member.groupInstanceId()),
                    member.principal(),
                    partitions(member.assignments())));
        }
        table.end();
    }

    /** {@code orders:0,1,2 payments:0}. */
    private static String partitions(List<PartitionName> names) {
        Map<String, String> byTopic = names.stream()
                .sorted((a, b) -> Integer.compare(a.partition(), b.partition()))
                .collect(Collectors.groupingBy(
                        PartitionName::topic,
                        TreeMap::new,
                        Collectors.mapping(name -> String.valueOf(name.partition()), Collectors.joining(","))));
        return byTopic.entrySet().stream()
                .map(topic -> topic.getKey() + ":" + topic.getValue())
                .collect(Collectors.joining(" "));
    }

    private static void writePartitions(List<GroupPartitionDescription> partitions, Output out) {
        TextTable table = new TextTable(
                List.of(
                        TextTable.Column.ofText("topic"),
                        TextTable.Column.ofNumbers("partition"),
                        TextTable.Column.ofNumbers("committed_offset"),
                        TextTable.Column.ofNumbers("log_end_offset"),
                        TextTable.Column.ofNumbers("lag"),
                        TextTable.Column.ofNumbers("lag_ms"),
                        TextTable.Column.ofText("member_id")),
                out);
        for (GroupPartitionDescription partition : partitions) {
            table.row(cells(
                    partition.topic(),
                    String.valueOf(partition.partition()),
                    orEmpty(partition.committedOffset()),
                    String.valueOf(partition.logEndOffset()),
                    orEmpty(partition.lag()),
                    orEmpty(partition.lagMs()),
                    orEmpty(partition.memberId())));
        }
        table.end();
    }

    private static String orEmpty(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    private static List<@Nullable String> cells(String... cells) {
        return new ArrayList<>(List.of(cells));
    }
}
