package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.protocol.api.GroupList;
import dev.tidemark.protocol.api.GroupSummary;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark groups list}. */
@Command(
        name = "list",
        header = "List the consumer groups.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark groups list --format json | jq -r '.groups[].group_id'")
final class GroupsListCommand implements Runnable {
    @Mixin
    private final AnswerOptions answer = new AnswerOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    GroupsListCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        List<GroupSummary> groups;
        try (TidemarkAdmin admin = server.admin()) {
            groups = admin.listGroups();
        }
        answer.show(new GroupList(groups), streams.out(), out -> writeTable(groups, out));
    }

    private static void writeTable(List<GroupSummary> groups, Output out) {
        TextTable table = new TextTable(
                List.of(
                        TextTable.Column.ofText("group_id"),
                        TextTable.Column.ofText("state"),
                        TextTable.Column.ofNumbers("generation_id"),
                        TextTable.Column.ofNumbers("member_count")),
                out);
        groups.forEach(group -> table.row(List.of(
                group.groupId(),
                group.state(),
                String.valueOf(group.generationId()),
                String.valueOf(group.memberCount()))));
        table.end();
        out.writeLine("(" + Quantity.of(groups.size(), "group") + ")");
    }
}
