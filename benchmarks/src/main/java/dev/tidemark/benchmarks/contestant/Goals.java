package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.contestant.Goal.Figure;
import dev.tidemark.benchmarks.system.Stage.Subject;
import java.util.ArrayList;
import java.util.List;

/** What Tidemark sets out to reach, beside what it is measured against. */
public final class Goals {
    private static final double OF_RAW_LIMIT_SMALL = 0.6;
    private static final double OF_RAW_LIMIT = 0.65;
    private static final double OF_FLUSHING_KAFKA = 1.5;
    private static final double WITH_SNAPSHOT_HELD = 0.95;
    private static final double WITH_OTHER_TOPICS = 0.95;
    private static final int SMALL_BYTES = 100;

    private Goals() {}

    /** The goals for what {@link Suite#contestants} gives for the same arguments. */
    public static List<Goal> of(List<Integer> sizes, List<Integer> partitions, boolean quick) {
        List<Goal> goals = new ArrayList<>();
        List<Load> loads = sizes.stream().map(size -> new Load(size, quick)).toList();
        for (Load load : loads) {
            for (int count : partitions) {
                addProduceGoals(goals, load, count);
            }
        }
        goals.add(new Goal(
                "produce with an old snapshot held / without",
                HeldSnapshot.id(loads.get(0), Suite.USUAL_PARTITIONS, true),
                List.of(HeldSnapshot.id(loads.get(0), Suite.USUAL_PARTITIONS, false)),
                Figure.RATE,
                WITH_SNAPSHOT_HELD));
        goals.add(new Goal(
                "commit offsets with an old snapshot held / without",
                CommitOffsets.id(true),
                List.of(CommitOffsets.id(false)),
                Figure.RATE,
                WITH_SNAPSHOT_HELD));
        for (Crowded.Direction direction : Crowded.Direction.values()) {
            goals.add(new Goal(
                    direction.name().toLowerCase(java.util.Locale.ROOT) + " with 1,000 other topics / without",
                    Crowded.id(direction, loads.get(0), Suite.USUAL_PARTITIONS, true),
                    List.of(Crowded.id(direction, loads.get(0), Suite.USUAL_PARTITIONS, false)),
                    Figure.RATE,
                    WITH_OTHER_TOPICS));
        }
        for (Load load : loads) {
            for (int count : partitions) {
                goals.add(new Goal(
                        "consume from the database, " + what(load, count) + " / Kafka's consumer",
                        Consume.id(Subject.TIDEMARK, load, count),
                        List.of(Consume.id(Subject.KAFKA, load, count)),
                        Figure.RATE,
                        1));
            }
        }
        addLatencyGoals(goals);
        return goals;
    }

    private static void addProduceGoals(List<Goal> goals, Load load, int partitions) {
        String mine = Produce.id(Subject.TIDEMARK, load, partitions);
        String text = "produce, " + what(load, partitions) + " / ";
        List<String> raw =
                Suite.rawLimits(load).stream().map(limit -> limit.label().id()).toList();
        goals.add(new Goal(
                text + "raw limit",
                mine,
                raw,
                Figure.RATE,
                load.size() <= SMALL_BYTES ? OF_RAW_LIMIT_SMALL : OF_RAW_LIMIT));
        goals.add(new Goal(text + "plain way", mine, List.of(PlainWay.id(load)), Figure.RATE, 1));
        goals.add(new Goal(
                text + "Kafka as shipped", mine, List.of(Produce.id(Subject.KAFKA, load, partitions)), Figure.RATE, 1));
        goals.add(new Goal(
                text + "Kafka, flush per batch",
                mine,
                List.of(Produce.id(Subject.KAFKA_FLUSHING, load, partitions)),
                Figure.RATE,
                OF_FLUSHING_KAFKA));
    }

    private static void addLatencyGoals(List<Goal> goals) {
        for (int lingerMs : Suite.LINGERS_MS) {
            for (Subject rival : List.of(Subject.KAFKA, Subject.KAFKA_FLUSHING)) {
                for (Figure figure : List.of(Figure.P50, Figure.P99)) {
                    goals.add(new Goal(
                            figure.name().toLowerCase(java.util.Locale.ROOT) + ", linger " + lingerMs + " ms / "
                                    + Names.of(rival),
                            Latency.id(Subject.TIDEMARK, lingerMs),
                            List.of(Latency.id(rival, lingerMs)),
                            figure,
                            1));
                }
            }
        }
    }

    private static String what(Load load, int partitions) {
        return load.name() + ", " + Names.partitions(partitions);
    }
}
