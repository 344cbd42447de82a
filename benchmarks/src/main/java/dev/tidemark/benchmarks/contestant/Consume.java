package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.LogSystem;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.Stage.Subject;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.TidemarkServer.Source;
import dev.tidemark.benchmarks.system.Tool;

/** A consumer in a process of its own, through a topic filled before the first round; nobody produces meanwhile. */
record Consume(Subject subject, Load load, int partitions) implements Contestant {
    @Override
    public Label label() {
        return new Label(
                id(subject, load, partitions),
                "Consume, " + load.name(),
                Names.of(subject)
                        + (subject == Subject.TIDEMARK ? " from the database, " : ", ")
                        + Names.partitions(partitions));
    }

    static String id(Subject subject, Load load, int partitions) {
        return "consume/" + load.id() + "/" + partitions + "p/" + subject.id();
    }

    @Override
    public void prepare(Stage stage) throws Exception {
        topic(stage);
    }

    private String topic(Stage stage) throws Exception {
        return stage.standingTopic(subject, load.size(), partitions, load.records());
    }

    @Override
    public String settings() {
        return load.recordsText()
                + (subject == Subject.TIDEMARK
                        ? "; SDK defaults; written before the server's last restart"
                        : "; the tool's defaults, from the page cache");
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        LogSystem system = stage.system(subject);
        Tool consumer = system.consumer(topic(stage), load.records());
        return system instanceof TidemarkServer server
                ? Sourced.measure(stage, server, consumer, Source.DATABASE)
                : stage.measure(system, consumer);
    }
}
