package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.protocol.api.TopicDescription;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark produce}. */
@Command(
        name = "produce",
        header = "Append records from standard input to a topic, one a line.",
        description = {
            "A line ends at a newline; every other byte, a carriage return too, belongs to the record. A record that the topic does"
                    + " not take, or a line that makes none, is named by its line number and the others go in; the exit code is then 1.",
            "Records with a key go to the partition Kafka's default partitioner would choose."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  echo hello | tidemark produce greetings",
            "  echo '17:two pears' | tidemark produce orders --key-separator :",
            "  zcat changes.jsonl.gz | tidemark produce changes --key-field path",
            "  tidemark consume orders --from earliest --exit-at-end --format json |",
            "      tidemark produce copy --format json"
        })
final class ProduceCommand implements Callable<Integer> {
    /** A bound on memory; far above any record a server takes. */
    private static final int MAX_LINE_BYTES = 256 * 1024 * 1024;

    /** What a request needs beside the largest record. */
    private static final int REQUEST_OVERHEAD_BYTES = 64 * 1024;

    private static final int MIN_REQUEST_BYTES = 2 * 1024 * 1024;

    private static final long BUFFER_BYTES = 64L * 1024 * 1024;

    /** How long Ctrl-C waits for what is on its way. */
    private static final Duration FINISHING = Duration.ofSeconds(5);

    @Parameters(paramLabel = "TOPIC", description = "The topic; it must exist.")
    private String topic = "";

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = {
                "value: the line is the value, without a key; an empty line is an empty value.",
                "key-value: key, separator, value.",
                "json: an object with the fields of the HTTP fetch answer, as 'consume --format json' prints: partition,"
                        + " timestamp, key or key_base64, value or value_base64, headers, all optional; offset is ignored.",
                "Default: value"
            })
    private @Nullable RecordFormat format;

    @Option(
            names = "--key-separator",
            paramLabel = "S",
            description = "What stands between key and value; implies --format key-value; \\t is a tab, the default.")
    private @Nullable String keySeparator;

    @Option(
            names = "--key-field",
            paramLabel = "PATH",
            description = "Take the key from this field of the JSON value, as  path  or  order.customer.id")
    private @Nullable String keyField;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    ProduceCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        checkUsage();
        TopicDescription description = describe();
        LineParser parser = parser(FieldType.ofValues(description.configs()));
        ProduceReport report = new ProduceReport(topic, streams, System::nanoTime);
        LineReader lines = new LineReader(streams.in(), MAX_LINE_BYTES);
        try (TidemarkProducer<byte[], byte[]> producer = producer(description);
                StopSignal stop = new StopSignal(Duration.ZERO, () -> finishEarly(producer, report))) {
            new ProduceRun(topic, lines, parser, producer, report, tooLarge(description)).run(stop);
            producer.flush();
        }
        return report.finish();
    }

    /** On Ctrl-C, and there is no waiting for the command itself: it may be waiting for input that never comes. */
    private static void finishEarly(TidemarkProducer<byte[], byte[]> producer, ProduceReport report) {
        producer.close(FINISHING);
        report.finish();
    }

    private void checkUsage() {
        if (keySeparator != null && format != null && format != RecordFormat.KEY_VALUE) {
            throw standard.wrongUsage("--key-separator goes with --format key-value, not with " + format);
        }
        if (keyField != null && (keySeparator != null || (format != null && format != RecordFormat.VALUE))) {
            throw standard.wrongUsage("--key-field goes with --format value: the key is taken from the value");
        }
    }

    private TopicDescription describe() {
        try (TidemarkAdmin admin = server.admin()) {
            return admin.describeTopic(topic);
        }
    }

    private LineParser parser(FieldType valueType) {
        try {
            if (keyField != null) {
                return new KeyField(keyField);
            }
            if (keySeparator != null || format == RecordFormat.KEY_VALUE) {
                return new KeyValueLine(Separator.bytes(keySeparator == null ? Separator.DEFAULT : keySeparator));
            }
        } catch (IllegalArgumentException e) {
            throw standard.wrongUsage(String.valueOf(e.getMessage()));
        }
        return format == RecordFormat.JSON ? new JsonLineParser(valueType) : line -> InputRecord.of(null, line);
    }

    /** The topic may take larger records than the producer sends unless told. */
    private TidemarkProducer<byte[], byte[]> producer(TopicDescription description) {
        long wanted = Long.parseLong(maxMessageBytes(description)) + REQUEST_OVERHEAD_BYTES;
        int requestBytes = (int) Math.min(MAX_LINE_BYTES, Math.max(MIN_REQUEST_BYTES, wanted));
        return server.producer()
                .maxRequestBytes(requestBytes)
                .bufferBytes(Math.max(BUFFER_BYTES, 2L * requestBytes))
                .build();
    }

    private static String tooLarge(TopicDescription description) {
        return "the record is larger than max.message.bytes, " + maxMessageBytes(description);
    }

    private static String maxMessageBytes(TopicDescription description) {
        return description.configs().getOrDefault("max.message.bytes", "0");
    }
}
