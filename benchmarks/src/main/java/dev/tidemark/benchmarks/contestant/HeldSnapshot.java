package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Tidemark's producer twice into one topic, of which the second time counts; with another session's REPEATABLE READ snapshot held open from before the
 * first, or without. So the snapshot is as old as everything the first run wrote.
 */
record HeldSnapshot(Load load, int partitions, boolean held) implements Contestant {
    @Override
    public Label label() {
        return new Label(
                id(load, partitions, held),
                "Produce while an old snapshot is held, " + load.name(),
                "Tidemark, " + Names.partitions(partitions) + (held ? ", snapshot held" : ", no snapshot"));
    }

    static String id(Load load, int partitions, boolean held) {
        return "snapshot/" + load.id() + "/" + partitions + "p/" + (held ? "held" : "free");
    }

    @Override
    public String settings() {
        return load.recordsText() + " after as many uncounted ones in the same topic"
                + (held ? "; REPEATABLE READ snapshot taken before those" : "");
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = stage.tidemark();
        String topic = stage.newTopicName();
        server.createTopic(topic, partitions);
        try (Connection auditor = DriverManager.getConnection(server.jdbcUrl())) {
            if (held) {
                takeSnapshot(auditor);
            }
            Tool producer = server.producer(topic, round.records(load.records()), stage.payloads(load.size()));
            stage.measure(server, producer);
            return stage.measure(server, producer);
        } finally {
            server.deleteTopic(topic);
        }
    }

    static void takeSnapshot(Connection auditor) throws SQLException {
        auditor.setAutoCommit(false);
        auditor.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = auditor.createStatement()) {
            statement.execute("select count(*) from tidemark.topics");
        }
    }
}
