package dev.tidemark.benchmarks.group;

import dev.tidemark.benchmarks.load.ProducerPerformance;
import dev.tidemark.benchmarks.measure.Spread;
import dev.tidemark.benchmarks.system.TidemarkServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reading one topic of 12 partitions with 1, 2 and 4 consumers that share a group, against as many consumers without one that are given the same share each. The clock runs from when all have their
 * partitions to the last record; in a group it includes committing, as consumers do by default.
 */
final class Sharing {
    private static final String TOPIC = "sharing";
    private static final int PARTITIONS = 12;
    private static final List<Integer> MEMBERS = List.of(1, 2, 4);
    private static final int VALUE_BYTES = 100;
    private static final int WARM_UP_PAIRS = 1;

    private final TidemarkServer server;
    private final int records;

    Sharing(TidemarkServer server, int records) {
        this.server = server;
        this.records = records;
    }

    void measure(int pairs) throws Exception {
        fill();
        Map<Integer, List<Double>> grouped = new HashMap<>();
        Map<Integer, List<Double>> alone = new HashMap<>();
        for (int pair = -WARM_UP_PAIRS; pair < pairs; pair++) {
            for (int members : MEMBERS) {
                double first = rate(members, pair % 2 == 0);
                double second = rate(members, pair % 2 != 0);
                if (pair >= 0) {
                    grouped.computeIfAbsent(members, any -> new ArrayList<>()).add(pair % 2 == 0 ? first : second);
                    alone.computeIfAbsent(members, any -> new ArrayList<>()).add(pair % 2 == 0 ? second : first);
                }
            }
        }
        for (int members : MEMBERS) {
            print(members, numbers(grouped, members), numbers(alone, members));
        }
    }

    private static double[] numbers(Map<Integer, List<Double>> rates, int members) {
        return rates.getOrDefault(members, List.of()).stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    private void fill() throws Exception {
        server.createTopic(TOPIC, PARTITIONS);
        Path payload = Files.createTempFile("payload", ".txt");
        Files.writeString(payload, ("x".repeat(VALUE_BYTES) + "\n").repeat(1000));
        ProducerPerformance.main(new String[] {
            "--server",
            server.address(),
            "--topic",
            TOPIC,
            "--records",
            Integer.toString(records),
            "--payload-file",
            payload.toString()
        });
        Files.delete(payload);
    }

    /** @return records a second, all consumers together */
    private double rate(int members, boolean inGroup) throws Exception {
        String group = inGroup ? "sharing-" + System.nanoTime() : "";
        CountDownLatch ready = new CountDownLatch(members);
        CountDownLatch go = new CountDownLatch(1);
        AtomicLong left = new AtomicLong(records);
        ExecutorService threads = Executors.newFixedThreadPool(members);
        try {
            List<Future<Long>> ends = new ArrayList<>();
            for (int member = 0; member < members; member++) {
                ends.add(threads.submit(new SharingConsumer(
                        server.address(), TOPIC, PARTITIONS, group, member, members, ready, go, left)));
            }
            if (!ready.await(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("the group did not settle within a minute");
            }
            long start = System.nanoTime();
            go.countDown();
            long end = start;
            for (Future<Long> one : ends) {
                end = Math.max(end, one.get());
            }
            return records / ((end - start) / 1e9);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void print(int members, double[] grouped, double[] alone) {
        Spread ratio = Spread.ofRatios(grouped, alone);
        System.out.printf(
                Locale.ROOT,
                "sharing, %d members over %d partitions: %,.0f records/s in a group, %,.0f without: %.2f (%.2f-%.2f, %d pairs)%n",
                members,
                PARTITIONS,
                Spread.of(grouped).median(),
                Spread.of(alone).median(),
                ratio.median(),
                ratio.min(),
                ratio.max(),
                ratio.count());
    }
}
