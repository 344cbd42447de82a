package dev.tidemark.benchmarks.system;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Many topics that are there and have records, but no traffic: what a busy topic should not notice. */
public final class Crowd {
    public static final int TOPICS = 1_000;
    public static final int PARTITIONS = 5;

    /** A partition with records has one at least. */
    public static final int SEGMENTS = TOPICS * PARTITIONS;

    private static final String RECORDS = IntStream.range(0, PARTITIONS)
            .mapToObj(partition -> "{\"partition\":" + partition + ",\"value\":\"here\"}")
            .collect(Collectors.joining(",", "{\"records\":[", "]}"));

    private Crowd() {}

    /** Makes them as anybody would, by HTTP: each is created, and gets a record in every partition. */
    static void gather(TidemarkServer server) throws IOException, InterruptedException {
        long start = System.nanoTime();
        for (int i = 0; i < TOPICS; i++) {
            String topic = "crowd-" + i;
            server.createTopic(topic, PARTITIONS);
            server.produceJson(topic, RECORDS);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        System.err.printf(
                Locale.ROOT,
                "%,d topics of %d segments each were made in %d s%n",
                TOPICS,
                PARTITIONS,
                took.toSeconds());
    }
}
