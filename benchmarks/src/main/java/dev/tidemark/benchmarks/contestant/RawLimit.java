package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.load.RawAppend;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;

/** {@link RawAppend} into a new topic of Tidemark's, past Tidemark's server. */
record RawLimit(Load load, int connections, int batch) implements Contestant {
    @Override
    public Label label() {
        return new Label(
                id(load, connections, batch),
                "Produce, " + load.name(),
                "Raw limit, " + (connections == 1 ? "1 connection" : connections + " connections") + ", " + batch
                        + " a commit");
    }

    static String id(Load load, int connections, int batch) {
        return "produce/" + load.id() + "/raw-" + connections + "x" + batch;
    }

    @Override
    public String settings() {
        return load.recordsText() + "; pgjdbc: lock, log end, batch row, binary COPY into a leaf, COMMIT; fsync on";
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = stage.tidemark();
        String topic = stage.newTopicName();
        server.createTopic(topic, connections);
        try {
            return stage.measure(
                    server,
                    Tool.ours(
                            "raw-append",
                            RawAppend.class,
                            "--jdbc-url",
                            server.jdbcUrl(),
                            "--topic",
                            topic,
                            "--connections",
                            connections,
                            "--batch",
                            batch,
                            "--records",
                            round.records(load.records()),
                            "--payload-file",
                            stage.payloads(load.size())));
        } finally {
            server.deleteTopic(topic);
        }
    }
}
