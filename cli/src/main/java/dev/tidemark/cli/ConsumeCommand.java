package dev.tidemark.cli;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.client.WakeupException;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.protocol.api.TopicDescription;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark consume}. */
@Command(
        name = "consume",
        header = "Print a topic's records to standard output, one a line.",
        description = {
            "Starts at the end of the topic and goes on until stopped, unless told otherwise. Keys and values are printed as the bytes"
                    + " they are, null as the word null; only json tells everything apart. Records of one partition come in order.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark consume orders --from earliest --exit-at-end > orders.txt",
            "  tidemark consume orders --last 10",
            "  tidemark consume orders --from 2026-11-22T09:30:00Z --key-separator ' = '",
            "  tidemark consume orders --partition 3 --from 4200 --max-records 1",
            "  tidemark consume orders --group billing --from earliest",
        })
final class ConsumeCommand implements Runnable {
    /** Many records a poll cost little more than one; memory is bounded by the bytes prefetched. */
    private static final int MAX_POLL_RECORDS = 10_000;

    private static final Duration FINISHING = Duration.ofSeconds(5);

    private static final Duration LEAVING = Duration.ofSeconds(3);

    @Parameters(paramLabel = "TOPIC", description = "The topic.")
    private String topic = "";

    @Option(
            names = "--from",
            paramLabel = "WHERE",
            description = {
                "earliest (or beginning): everything there is; latest (or end): only what comes from now on;",
                "an offset, such as 42, in every partition read;",
                "a time, such as 2026-11-22T09:30:00Z or @1795339800000 (milliseconds since 1970): the first record at or after it.",
                "Default: latest"
            })
    private @Nullable String from;

    @Option(
            names = "--last",
            paramLabel = "N",
            description = "Start at the last N records: by their timestamps, over all partitions read.")
    private @Nullable Integer last;

    @Option(names = "--partition", paramLabel = "N", description = "Read this partition only. Default: all")
    private @Nullable Integer partition;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            description = {
                "Read as a member of this consumer group: its partitions only, from the committed offset on, or where --from says if"
                        + " there is none. What was printed is committed.",
            })
    private @Nullable String group;

    @Option(names = "--max-records", paramLabel = "N", description = "Stop after N records.")
    private @Nullable Long maxRecords;

    @Option(
            names = "--exit-at-end",
            description = "Stop where the log ended when the command began, instead of waiting for more.")
    private boolean exitAtEnd;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = {
                "value: the value.",
                "key-value: key, separator, value.",
                "json: an object with the fields of the HTTP fetch answer, which 'produce --format json' reads back exactly.",
                "Default: value"
            })
    private @Nullable RecordFormat format;

    @Option(
            names = "--key-separator",
            paramLabel = "S",
            description = "What to print between key and value; implies --format key-value; \\t is a tab, the default.")
    private @Nullable String keySeparator;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    ConsumeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        checkUsage();
        StartingPoint start = startingPoint();
        byte[] separator = separator();
        TopicDescription description = describe();
        Map<TopicPartition, PartitionDescription> logs = logs(description);
        Output out = new Output(streams.out());
        RecordPrinter printer = printer(description, separator, out);
        if (group != null) {
            runInGroup(group, start, logs, printer, out);
            return;
        }
        try (TidemarkConsumer<byte[], byte[]> consumer = consumer();
                StopSignal stop = new StopSignal(FINISHING, consumer::wakeup)) {
            consumer.assign(logs.keySet());
            seek(consumer, start, logs);
            sayThatItWaits();
            LogEnds ends = exitAtEnd ? new LogEnds(consumer, ends(logs)) : null;
            new ConsumeRun(consumer, printer, out, ends, maxRecords == null ? Long.MAX_VALUE : maxRecords).run(stop);
        } catch (WakeupException stopped) {
            // By Ctrl-C or SIGTERM: nothing is left to do.
        }
    }

    /** The consumer is closed before the process may end: to leave is what it has to do last. */
    private void runInGroup(
            String groupId,
            StartingPoint start,
            Map<TopicPartition, PartitionDescription> logs,
            RecordPrinter printer,
            Output out) {
        TidemarkConsumer<byte[], byte[]> consumer = member(groupId);
        long most = maxRecords == null ? Long.MAX_VALUE : maxRecords;
        try (StopSignal stop = new StopSignal(FINISHING, consumer::wakeup)) {
            try {
                GroupRun run = new GroupRun(
                        consumer, new GroupStart(start), printer, out, exitAtEnd ? ends(logs) : null, most);
                consumer.subscribe(List.of(topic), run);
                sayThatItWaits();
                run.run(stop);
            } finally {
                consumer.close(LEAVING);
            }
        }
    }

    private TidemarkConsumer<byte[], byte[]> member(String groupId) {
        try {
            return server.consumer()
                    .groupId(groupId)
                    .clientId("tidemark consume")
                    .enableAutoCommit(false)
                    .autoOffsetReset(AutoOffsetReset.NONE)
                    .maxPollRecords(MAX_POLL_RECORDS)
                    .build();
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage("--group: " + e.getMessage());
        }
    }

    private void checkUsage() {
        if (group != null && (partition != null || last != null)) {
            throw standard.wrongUsage((partition != null ? "--partition" : "--last")
                    + " does not go with --group, which shares partitions out");
        }
        if (from != null && last != null) {
            throw standard.wrongUsage("--from and --last both say where to start: give one");
        }
        if (last != null && last < 0) {
            throw standard.wrongUsage("--last must be 0 or more, not " + last);
        }
        if (maxRecords != null && maxRecords < 1) {
            throw standard.wrongUsage("--max-records must be 1 or more, not " + maxRecords);
        }
        if (keySeparator != null && format != null && format != RecordFormat.KEY_VALUE) {
            throw standard.wrongUsage("--key-separator goes with --format key-value, not with " + format);
        }
    }

    private StartingPoint startingPoint() {
        try {
            return from == null ? new StartingPoint.Latest() : StartingPoint.parse(from);
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage("--from: " + e.getMessage());
        }
    }

    private byte[] separator() {
        try {
            return Separator.bytes(keySeparator == null ? Separator.DEFAULT : keySeparator);
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage(String.valueOf(e.getMessage()));
        }
    }

    private TopicDescription describe() {
        try (TidemarkAdmin admin = server.admin()) {
            return admin.describeTopic(topic);
        }
    }

    /** The partitions to read, with their log as it was when the command began. */
    private Map<TopicPartition, PartitionDescription> logs(TopicDescription description) {
        Map<TopicPartition, PartitionDescription> logs = new LinkedHashMap<>();
        for (PartitionDescription log : description.partitions()) {
            if (partition == null || partition == log.partition()) {
                logs.put(new TopicPartition(topic, log.partition()), log);
            }
        }
        if (logs.isEmpty()) {
            throw new CommandFailed("topic " + topic + " has no partition " + partition + ", only 0 to "
                    + (description.partitionCount() - 1));
        }
        return logs;
    }

    private TidemarkConsumer<byte[], byte[]> consumer() {
        // NONE: to go on somewhere else than asked for would be to hide that records are gone.
        return server.consumer()
                .autoOffsetReset(AutoOffsetReset.NONE)
                .maxPollRecords(MAX_POLL_RECORDS)
                .build();
    }

    private void seek(
            TidemarkConsumer<byte[], byte[]> consumer,
            StartingPoint start,
            Map<TopicPartition, PartitionDescription> logs) {
        Map<TopicPartition, Long> offsets =
                last == null ? StartOffsets.of(start, logs, consumer) : LastRecords.of(last, logs, consumer);
        offsets.forEach(consumer::seek);
    }

    private void sayThatItWaits() {
        if (from == null && last == null && !exitAtEnd && streams.errIsTerminal()) {
            streams.err().println("waiting for new records; --from earliest shows the old ones, Ctrl-C ends");
        }
    }

    private static Map<TopicPartition, Long> ends(Map<TopicPartition, PartitionDescription> logs) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        logs.forEach((topicPartition, log) -> ends.put(topicPartition, log.logEndOffset()));
        return ends;
    }

    private RecordPrinter printer(TopicDescription description, byte[] separator, Output out) {
        if (format == RecordFormat.JSON) {
            JsonLineWriter writer = new JsonLineWriter(
                    FieldType.ofKeys(description.configs()), FieldType.ofValues(description.configs()), out);
            return RecordPrinter.json(writer);
        }
        boolean printsKeys = format == RecordFormat.KEY_VALUE || keySeparator != null;
        return printsKeys ? RecordPrinter.keysAndValues(separator, out) : RecordPrinter.values(out);
    }
}
