package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.LogSystem;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.Stage.Subject;

/** A producer in a process of its own, into a new topic. */
record Produce(Subject subject, Load load, int partitions) implements Contestant {
    @Override
    public Label label() {
        return new Label(
                id(subject, load, partitions),
                "Produce, " + load.name(),
                Names.of(subject) + ", " + Names.partitions(partitions));
    }

    static String id(Subject subject, Load load, int partitions) {
        return "produce/" + load.id() + "/" + partitions + "p/" + subject.id();
    }

    @Override
    public String settings() {
        return load.recordsText() + "; " + Names.producerSettings(subject);
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        LogSystem system = stage.system(subject);
        String topic = stage.newTopicName();
        system.createTopic(topic, partitions);
        try {
            return stage.measure(
                    system, system.producer(topic, round.records(load.records()), stage.payloads(load.size())));
        } finally {
            system.deleteTopic(topic);
        }
    }
}
