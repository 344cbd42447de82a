package dev.tidemark.cli;

import dev.tidemark.client.OffsetReset;
import dev.tidemark.client.OffsetSpec;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.protocol.api.ResetOffsetsResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark groups reset-offsets}. */
@Command(
        name = "reset-offsets",
        header = "Move a group's committed offsets.",
        description = "The group must have no members. Offsets stop at the ends of the log.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark groups reset-offsets billing --topic orders --to earliest",
            "  tidemark groups reset-offsets billing --topic orders:0,3 --to 4200",
            "  tidemark groups reset-offsets billing --all-topics \\",
            "      --to 2026-11-22T09:30:00Z --dry-run",
            "  tidemark groups reset-offsets billing --all-topics --shift-by -100"
        })
final class GroupsResetOffsetsCommand implements Runnable {
    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group = "";

    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:N,N]",
            description = "A topic, or some of its partitions; may be given several times.")
    private List<String> topics = new ArrayList<>();

    @Option(names = "--all-topics", description = "All that the group has committed.")
    private boolean allTopics;

    @Option(
            names = "--to",
            paramLabel = "WHERE",
            description = {
                "earliest (or beginning), latest (or end);",
                "an offset, such as 42, in every partition;",
                "a time, such as 2026-11-22T09:30:00Z or @1795339800000 (milliseconds since 1970): the first record at or after it."
            })
    private @Nullable String to;

    @Option(names = "--shift-by", paramLabel = "N", description = "So many records on, or back where N is negative.")
    private @Nullable Long shiftBy;

    // As Kafka's tool spells it.

    @Option(names = "--to-earliest", hidden = true)
    private boolean toEarliest;

    @Option(names = "--to-latest", hidden = true)
    private boolean toLatest;

    @Option(names = "--to-offset", hidden = true)
    private @Nullable String toOffset;

    @Option(names = "--to-datetime", hidden = true)
    private @Nullable String toDatetime;

    @Option(names = "--dry-run", description = "Only show what would become of them.")
    private boolean dryRun;

    @Mixin
    private final AnswerOptions answer = new AnswerOptions();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    GroupsResetOffsetsCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        OffsetReset reset = named(target());
        ResetOffsetsResult result;
        try (TidemarkAdmin admin = server.admin()) {
            result = admin.resetOffsets(group, reset, dryRun);
        }
        answer.show(result, streams.out(), out -> writeTable(result, out));
    }

    private OffsetReset target() {
        List<String> where = Stream.of(
                        to, toEarliest ? "earliest" : null, toLatest ? "latest" : null, toOffset, toDatetime)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
        if (where.size() + (shiftBy == null ? 0 : 1) != 1) {
            throw standard.wrongUsage("say where to: one of --to and --shift-by");
        }
        return shiftBy == null ? parse(where.get(0)) : OffsetReset.shiftBy(shiftBy);
    }

    private OffsetReset parse(String where) {
        StartingPoint point;
        try {
            point = StartingPoint.parse(where);
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage("--to: " + e.getMessage());
        }
        if (point instanceof StartingPoint.AtOffset at) {
            return OffsetReset.toOffset(at.offset());
        }
        if (point instanceof StartingPoint.AtTime at) {
            return OffsetReset.toTime(Instant.ofEpochMilli(at.epochMs()));
        }
        return OffsetReset.to(
                point instanceof StartingPoint.Earliest ? new OffsetSpec.Earliest() : new OffsetSpec.Latest());
    }

    private OffsetReset named(OffsetReset reset) {
        if (topics.isEmpty() != allTopics) {
            throw standard.wrongUsage("say which: --topic, or --all-topics");
        }
        Set<String> whole = new LinkedHashSet<>();
        Set<TopicPartition> single = new LinkedHashSet<>();
        for (String topic : topics) {
            int colon = topic.indexOf(':');
            if (colon < 0) {
                whole.add(topic);
            } else {
                single.addAll(partitions(topic.substring(0, colon), topic.substring(colon + 1)));
            }
        }
        return reset.topics(whole).partitions(single);
    }

    private List<TopicPartition> partitions(String topic, String numbers) {
        try {
            return Stream.of(numbers.split(",", -1))
                    .map(number -> new TopicPartition(topic, Integer.parseInt(number)))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage(
                    "--topic " + topic + ":" + numbers + ": '" + numbers + "' is no list of partitions, such as 0,3");
        }
    }

    private void writeTable(ResetOffsetsResult result, Output out) {
        TextTable table = new TextTable(
                List.of(
                        TextTable.Column.ofText("topic"),
                        TextTable.Column.ofNumbers("partition"),
                        TextTable.Column.ofNumbers("previous_offset"),
                        TextTable.Column.ofNumbers("committed_offset")),
                out);
        for (ResetOffsetsResult.PartitionReset one : result.offsets()) {
            Long previous = one.previousOffset();
            table.row(List.of(
                    one.topic(),
                    String.valueOf(one.partition()),
                    previous == null ? "" : previous.toString(),
                    String.valueOf(one.committedOffset())));
        }
        table.end();
        out.writeLine("(" + Quantity.of(result.offsets().size(), "offset") + (result.dryRun() ? ", not moved)" : ")"));
    }
}
