package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.protocol.api.TopicList;
import dev.tidemark.protocol.api.TopicSummary;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark topics list}. */
@Command(
        name = "list",
        header = "List the topics.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark topics list --format json | jq -r '.topics[].name'")
final class TopicsListCommand implements Runnable {
    @Mixin
    private final AnswerOptions answer = new AnswerOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TopicsListCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        List<TopicSummary> topics;
        try (TidemarkAdmin admin = server.admin()) {
            topics = admin.listTopics();
        }
        answer.show(new TopicList(topics), streams.out(), out -> writeTable(topics, out));
    }

    private static void writeTable(List<TopicSummary> topics, Output out) {
        TextTable table = new TextTable(
                List.of(TextTable.Column.ofText("name"), TextTable.Column.ofNumbers("partition_count")), out);
        topics.forEach(topic -> table.row(List.of(topic.name(), String.valueOf(topic.partitionCount()))));
        table.end();
        out.writeLine("(" + Quantity.of(topics.size(), "topic") + ")");
    }
}
