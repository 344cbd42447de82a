package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.load.ToolResult;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what Kafka's performance tools print. */
final class KafkaOutput {
    private static final Pattern PRODUCED = Pattern.compile("(\\d+) records sent, ([\\d.]+) records/sec .*");
    private static final int CONSUMER_FIELDS = 10;

    private KafkaOutput() {}

    /** The last summary of ProducerPerformance: what came after it is all there is. */
    static ToolResult produced(List<String> lines) {
        for (int i = lines.size() - 1; i >= 0; i--) {
            Matcher matcher = PRODUCED.matcher(lines.get(i));
            if (matcher.matches()) {
                long records = Long.parseLong(matcher.group(1));
                return new ToolResult(records, records / Double.parseDouble(matcher.group(2)));
            }
        }
        throw new IllegalArgumentException("no summary of a producer in " + lines);
    }

    /**
     * The line of ConsumerPerformance: start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s. Time is its fetch
     * time, without the joining of a group, which Tidemark's tool does not do.
     */
    static ToolResult consumed(List<String> lines) {
        for (String line : lines) {
            String[] fields = line.split(", ");
            if (fields.length == CONSUMER_FIELDS && Character.isDigit(line.charAt(0))) {
                return new ToolResult(Long.parseLong(fields[4]), Long.parseLong(fields[7]) / 1000.0);
            }
        }
        throw new IllegalArgumentException("no summary of a consumer in " + lines);
    }
}
