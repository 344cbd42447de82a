package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.protocol.api.TopicList;
import dev.tidemark.protocol.api.TopicSummary;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemark topics list}. */
@Command(
        name = "list",
        header = "List the topics.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark topics list --format json | jq -r '.topics[].name'")
final class TopicsListCommand implements Runnable {
    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, or json: the server's answer on one line. Default: table")
    private AnswerFormat format = AnswerFormat.TABLE;

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
        Output out = new Output(streams.out());
        if (format == AnswerFormat.JSON) {
            out.writeLine(ApiJson.of(new TopicList(topics)));
        } else {
            writeTable(topics, out);
        }
        out.flush();
    }

    private static void writeTable(List<TopicSummary> topics, Output out) {
        TextTable table = new TextTable(
                List.of(TextTable.Column.ofText("name"), TextTable.Column.ofNumbers("partition_count")), out);
        topics.forEach(topic -> table.row(List.of(topic.name(), String.valueOf(topic.partitionCount()))));
        table.end();
        out.writeLine("(" + Quantity.of(topics.size(), "topic") + ")");
    }
}
