package dev.tidemark.benchmarks.load;

import dev.tidemark.benchmarks.measure.LatencyMs;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client process says it did: on its own clock, one line of {@code name=value} words.
 *
 * @param latency where that was the question
 */
public record ToolResult(
        long records, double seconds, @Nullable LatencyMs latency) {
    private static final String MARK = "result ";

    public ToolResult(long records, double seconds) {
        this(records, seconds, null);
    }

    /** The line {@link #parse} reads. */
    public String line() {
        String line = String.format(Locale.ROOT, "%srecords=%d seconds=%.6f", MARK, records, seconds);
        return latency == null
                ? line
                : line
                        + String.format(
                                Locale.ROOT,
                                " p50_ms=%.4f p99_ms=%.4f max_ms=%.4f",
                                latency.p50(),
                                latency.p99(),
                                latency.max());
    }

    /** @throws IllegalArgumentException when no line is a result */
    public static ToolResult parse(List<String> lines) {
        String line = lines.stream()
                .filter(l -> l.startsWith(MARK))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no result in " + lines));
        Map<String, String> words = new HashMap<>();
        for (String word : line.substring(MARK.length()).trim().split(" ")) {
            String[] pair = word.split("=", 2);
            words.put(pair[0], pair[1]);
        }
        return new ToolResult(
                Long.parseLong(required(words, "records")),
                Double.parseDouble(required(words, "seconds")),
                words.containsKey("p50_ms") ? latency(words) : null);
    }

    private static LatencyMs latency(Map<String, String> words) {
        return new LatencyMs(
                Double.parseDouble(required(words, "p50_ms")),
                Double.parseDouble(required(words, "p99_ms")),
                Double.parseDouble(required(words, "max_ms")));
    }

    private static String required(Map<String, String> words, String name) {
        String value = words.get(name);
        if (value == null) {
            throw new IllegalArgumentException("a result without " + name + ": " + words);
        }
        return value;
    }
}
