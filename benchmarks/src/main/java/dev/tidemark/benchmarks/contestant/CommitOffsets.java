package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Locale;

/**
 * Consumers that commit offsets twice as often as they are to, of which the second time counts; with another session's REPEATABLE READ snapshot held open from
 * before the first, or without. So the snapshot is older than every commit there is.
 */
record CommitOffsets(boolean quick, boolean held) implements Contestant {
    private static final int PARTITIONS = 6;
    private static final int CONSUMERS = 64;
    private static final int COMMITS = 64_000;

    @Override
    public Label label() {
        return new Label(
                id(held),
                "Commit offsets while an old snapshot is held",
                "Tidemark, " + CONSUMERS + " consumers" + (held ? ", snapshot held" : ", no snapshot"));
    }

    static String id(boolean held) {
        return "commit/" + (held ? "held" : "free");
    }

    private int commits() {
        return quick ? COMMITS / 4 : COMMITS;
    }

    @Override
    public String settings() {
        return String.format(
                Locale.ROOT,
                "%,d commits over HTTP, one offset and one request at a time for each consumer, after as many uncounted ones of the same groups%s",
                commits(),
                held ? "; REPEATABLE READ snapshot taken before those" : "");
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = stage.tidemark();
        String topic = stage.newTopicName();
        server.createTopic(topic, PARTITIONS);
        try (Connection auditor = DriverManager.getConnection(server.jdbcUrl())) {
            if (held) {
                HeldSnapshot.takeSnapshot(auditor);
            }
            Tool consumers = server.committer(topic, PARTITIONS, round.records(commits()), CONSUMERS);
            stage.measure(server, consumers);
            return stage.measure(server, consumers);
        } finally {
            server.deleteTopic(topic);
        }
    }
}
