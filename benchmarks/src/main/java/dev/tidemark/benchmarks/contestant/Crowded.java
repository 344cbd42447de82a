package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Crowd;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.Stage.Subject;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.TidemarkServer.Source;
import java.util.Locale;

/**
 * Tidemark's producer or consumer with a thousand other topics in the database, or without. The two have a server and a PostgreSQL of their own each,
 * both running all the time.
 */
record Crowded(Direction direction, Load load, int partitions, boolean crowded) implements Contestant {
    /** What is measured. */
    enum Direction {
        PRODUCE("Produce"),
        CONSUME("Consume from the database");

        private final String title;

        Direction(String title) {
            this.title = title;
        }
    }

    @Override
    public Label label() {
        return new Label(
                id(direction, load, partitions, crowded),
                String.format(
                        Locale.ROOT, "%s beside %,d other topics, %s", direction.title, Crowd.TOPICS, load.name()),
                "Tidemark, " + Names.partitions(partitions) + ", " + (crowded ? others() : "no other topics"));
    }

    private static String others() {
        return String.format(Locale.ROOT, "%,d other topics (%,d leaves)", Crowd.TOPICS, Crowd.SEGMENTS);
    }

    static String id(Direction direction, Load load, int partitions, boolean crowded) {
        return "crowd/" + direction.name().toLowerCase(Locale.ROOT) + "/" + load.id() + "/" + partitions + "p/"
                + (crowded ? "with" : "without");
    }

    @Override
    public void prepare(Stage stage) throws Exception {
        server(stage);
        if (direction == Direction.CONSUME) {
            standingTopic(stage);
        }
    }

    private TidemarkServer server(Stage stage) throws Exception {
        return crowded ? stage.crowdedTidemark() : stage.tidemark();
    }

    private String standingTopic(Stage stage) throws Exception {
        return crowded
                ? stage.crowdedStandingTopic(load.size(), partitions, load.records())
                : stage.standingTopic(Subject.TIDEMARK, load.size(), partitions, load.records());
    }

    @Override
    public String settings() {
        return load.recordsText() + "; SDK defaults"
                + (direction == Direction.CONSUME ? "; written before the server's last restart" : "");
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        TidemarkServer server = server(stage);
        return direction == Direction.PRODUCE
                ? produce(stage, server, round)
                : Sourced.measure(
                        stage, server, server.consumer(standingTopic(stage), load.records()), Source.DATABASE);
    }

    private Sample produce(Stage stage, TidemarkServer server, Round round) throws Exception {
        String topic = stage.newTopicName();
        server.createTopic(topic, partitions);
        try {
            return stage.measure(
                    server, server.producer(topic, round.records(load.records()), stage.payloads(load.size())));
        } finally {
            server.deleteTopic(topic);
        }
    }
}
