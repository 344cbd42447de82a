package dev.tidemark.integration.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * How long clients take to get over each fault: for a writer, from the fault to the acknowledgement of a record it sent afterwards; for a reader, to such a
 * record's arrival. Thread-safe.
 */
final class Recoveries {
    private final List<Strike> strikes = new ArrayList<>();
    private volatile Strike last = new Strike("nothing");

    /** A fault, and when each client was over it. */
    static final class Strike {
        private final String fault;
        private final long atNanos = System.nanoTime();
        private final Map<String, Integer> recoveredMs = new ConcurrentHashMap<>();

        Strike(String fault) {
            this.fault = fault;
        }

        boolean isOverFor(Collection<String> clients) {
            return recoveredMs.keySet().containsAll(clients);
        }

        @Override
        public String toString() {
            return fault + " " + new TreeMap<>(recoveredMs);
        }
    }

    /** From now on. */
    synchronized Strike struck(String fault) {
        Strike strike = new Strike(fault);
        strikes.add(strike);
        last = strike;
        return strike;
    }

    /** A client has got through with a record sent then. */
    void through(String client, long sentNanos) {
        Strike strike = last;
        if (sentNanos - strike.atNanos > 0) {
            strike.recoveredMs.computeIfAbsent(
                    client,
                    unused -> Math.toIntExact(
                            Duration.ofNanos(System.nanoTime() - strike.atNanos).toMillis()));
        }
    }

    /** A line a fault: how often, and the time until the last client was over it. */
    synchronized String summary() {
        Map<String, IntSummaryStatistics> byFault = strikes.stream()
                .filter(strike -> !strike.recoveredMs.isEmpty())
                .collect(Collectors.groupingBy(
                        strike -> strike.fault,
                        TreeMap::new,
                        Collectors.summarizingInt(strike -> strike.recoveredMs.values().stream()
                                .mapToInt(Integer::intValue)
                                .max()
                                .orElseThrow())));
        return byFault.entrySet().stream()
                .map(entry -> String.format(
                        "%s: %d times, all clients over it after %.0f ms on average, %d ms at the most",
                        entry.getKey(),
                        entry.getValue().getCount(),
                        entry.getValue().getAverage(),
                        entry.getValue().getMax()))
                .collect(Collectors.joining("\n"));
    }
}
