package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.protocol.api.TopicDescription;
import java.util.List;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemark topics describe}. */
@Command(
        name = "describe",
        header = "Show a topic's partitions, their offsets and sizes, and its configs.",
        footerHeading = "%nExamples:%n",
        footer = {"  tidemark topics describe orders", "  tidemark topics describe orders --format json | jq .configs"})
final class TopicsDescribeCommand implements Runnable {
    @Parameters(paramLabel = "NAME", description = "The topic.")
    private String name = "";

    @Mixin
    private final AnswerOptions answer = new AnswerOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TopicsDescribeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        TopicDescription topic;
        try (TidemarkAdmin admin = server.admin()) {
            topic = admin.describeTopic(name);
        }
        answer.show(topic, streams.out(), out -> writeTables(topic, out));
    }

    static void writeTables(TopicDescription topic, Output out) {
        out.writeLine("Topic " + topic.name() + ", " + Quantity.of(topic.partitionCount(), "partition") + ", id "
                + topic.id());
        out.write('\n');
        writePartitions(topic.partitions(), out);
        out.write('\n');
        writeConfigs(topic, out);
    }

    private static void writePartitions(List<PartitionDescription> partitions, Output out) {
        TextTable table = new TextTable(
                List.of(
                        TextTable.Column.ofNumbers("partition"),
                        TextTable.Column.ofNumbers("log_start_offset"),
                        TextTable.Column.ofNumbers("log_end_offset"),
                        TextTable.Column.ofNumbers("segments"),
                        TextTable.Column.ofNumbers("bytes")),
                out);
        for (PartitionDescription partition : partitions) {
            table.row(List.of(
                    String.valueOf(partition.partition()),
                    String.valueOf(partition.logStartOffset()),
                    String.valueOf(partition.logEndOffset()),
                    String.valueOf(partition.segments()),
                    String.valueOf(partition.bytes())));
        }
        table.end();
    }

    private static void writeConfigs(TopicDescription topic, Output out) {
        TextTable table =
                new TextTable(List.of(TextTable.Column.ofText("config"), TextTable.Column.ofText("value")), out);
        new TreeMap<>(topic.configs())
                .forEach((config, value) -> table.row(
                        List.of(config, topic.unusedConfigs().contains(config) ? value + " (has no effect)" : value)));
        table.end();
    }
}
