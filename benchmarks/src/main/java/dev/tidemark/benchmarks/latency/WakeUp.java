package dev.tidemark.benchmarks.latency;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.load.ToolResult;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Workplace;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * The main behind {@code benchmarks/wake-up}: from the sending of a record to its arrival at a consumer that waits, at the server that appends it and at
 * another one over the same database, in turns.
 */
public final class WakeUp {
    private static final List<Integer> RATES = List.of(50, 1000);
    private static final int PARTITIONS = 6;

    private WakeUp() {}

    /** {@code --rounds --seconds --work --tidemark}, all with defaults. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        Workplace workplace = Workplace.of(arguments, "wake-up");
        try (TidemarkServer one = TidemarkServer.start(
                        workplace.command(), workplace.folder().resolve("one"));
                TidemarkServer other =
                        one.startBeside(workplace.command(), workplace.folder().resolve("other"))) {
            for (int round = 1; round <= arguments.number("rounds", 3); round++) {
                for (int rate : RATES) {
                    print(round, rate, "same server", measure(one, one, rate, arguments));
                    print(round, rate, "other server", measure(one, other, rate, arguments));
                }
            }
        }
    }

    private static LatencyMs measure(TidemarkServer appends, TidemarkServer serves, int rate, Arguments arguments)
            throws Exception {
        String topic = "wake-up-" + System.nanoTime();
        appends.createTopic(topic, PARTITIONS);
        try {
            ToolResult result = TidemarkLatency.run(new Arguments(
                    "--server",
                    appends.address(),
                    "--consumer-server",
                    serves.address(),
                    "--topic",
                    topic,
                    "--linger-ms",
                    "0",
                    "--size",
                    "100",
                    "--rate",
                    Integer.toString(rate),
                    "--warm-up-seconds",
                    "10",
                    "--seconds",
                    arguments.text("seconds", "10")));
            return Objects.requireNonNull(result.latency());
        } finally {
            appends.deleteTopic(topic);
        }
    }

    private static void print(int round, int rate, String consumer, LatencyMs latency) {
        System.out.printf(
                Locale.ROOT,
                "round %d, %4d records/s, consumer at the %-12s  p50 %6.2f ms  p99 %6.2f ms  max %6.2f ms%n",
                round,
                rate,
                consumer,
                latency.p50(),
                latency.p99(),
                latency.max());
    }
}
