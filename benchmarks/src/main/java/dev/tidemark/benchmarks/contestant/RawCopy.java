package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.load.RawCopyOut;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.Stage.Subject;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;

/** {@link RawCopyOut} of the topic that Tidemark's consumer reads, past Tidemark's server. */
record RawCopy(Load load, int partitions) implements Contestant {
    @Override
    public Label label() {
        return new Label("consume/" + load.id() + "/raw-copy", "Consume, " + load.name(), "Raw limit, 1 connection");
    }

    @Override
    public void prepare(Stage stage) throws Exception {
        topic(stage);
    }

    private String topic(Stage stage) throws Exception {
        return stage.standingTopic(Subject.TIDEMARK, load.size(), partitions, load.records());
    }

    @Override
    public String settings() {
        return load.recordsText() + "; pgjdbc: COPY leaf TO STDOUT (FORMAT binary), rows as they lie";
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = stage.tidemark();
        return stage.measure(
                server,
                Tool.ours("raw-copy", RawCopyOut.class, "--jdbc-url", server.jdbcUrl(), "--topic", topic(stage)));
    }
}
