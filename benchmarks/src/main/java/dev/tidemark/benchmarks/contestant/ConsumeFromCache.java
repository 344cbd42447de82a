package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.TidemarkServer.Source;
import dev.tidemark.benchmarks.system.Tool;

/** Tidemark's consumer over records appended just before, few enough for the tail cache, again and again; nobody produces meanwhile. */
record ConsumeFromCache(Load load, int partitions) implements Contestant {
    /** Well within the server's default for its tail cache. */
    private static final int CACHED_BYTES = 24_000_000;

    /** What a record weighs beside its value. */
    private static final int RECORD_OVERHEAD = 60;

    @Override
    public Label label() {
        return new Label(
                "consume/" + load.id() + "/" + partitions + "p/tidemark-cache",
                "Consume, " + load.name(),
                "Tidemark from the tail cache, " + Names.partitions(partitions));
    }

    @Override
    public String settings() {
        return String.format("%,d records, %d times over; SDK defaults", cachedRecords(), passes());
    }

    private int cachedRecords() {
        return Math.min(load.records(), CACHED_BYTES / (load.size() + RECORD_OVERHEAD));
    }

    private int passes() {
        return Math.max(1, load.records() / cachedRecords());
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = stage.tidemark();
        String topic = stage.newTopicName();
        server.createTopic(topic, partitions);
        try {
            stage.measure(server, server.producer(topic, cachedRecords(), stage.payloads(load.size())));
            // The first fetch of a partition asks the database where its log begins, and takes the records from there
            // too.
            stage.measure(server, server.consumer(topic, cachedRecords()));
            Tool consumer = server.consumer(topic, cachedRecords(), round.records(passes()));
            return Sourced.measure(stage, server, consumer, Source.TAIL_CACHE);
        } finally {
            server.deleteTopic(topic);
        }
    }
}
