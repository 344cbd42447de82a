package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.LogSystem;
import dev.tidemark.benchmarks.system.LogSystem.LatencySettings;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.Stage.Subject;

/** End-to-end latency at a fixed, low rate. */
record Latency(Subject subject, int lingerMs, boolean quick) implements Contestant {
    static final int RATE = 1000;
    private static final int SIZE = 100;
    private static final int PARTITIONS = 6;
    private static final int WARM_UP_SECONDS = 5;

    @Override
    public Label label() {
        return new Label(
                id(subject, lingerMs),
                "End-to-end latency at " + RATE + " records/s",
                Names.of(subject) + ", linger " + lingerMs + " ms");
    }

    static String id(Subject subject, int lingerMs) {
        return "latency/linger" + lingerMs + "/" + subject.id();
    }

    private int seconds() {
        return quick ? 2 : 5;
    }

    @Override
    public String settings() {
        return SIZE + " B, " + PARTITIONS + " partitions, " + seconds() + " s a round; linger apart, clients' defaults";
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        LogSystem system = stage.system(subject);
        String topic = stage.newTopicName();
        system.createTopic(topic, PARTITIONS);
        try {
            return stage.measure(
                    system,
                    system.latency(topic, new LatencySettings(lingerMs, SIZE, RATE, WARM_UP_SECONDS, seconds())));
        } finally {
            system.deleteTopic(topic);
        }
    }
}
