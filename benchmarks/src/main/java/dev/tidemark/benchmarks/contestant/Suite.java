package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.system.Stage.Subject;
import java.util.ArrayList;
import java.util.List;

/** All contestants, in the order of the report. */
public final class Suite {
    /** The raw limit is the best of its loops: records a commit, connections. */
    private static final List<Integer> RAW_BATCHES = List.of(1000, 5000);

    private static final List<Integer> RAW_BATCHES_OF_LARGE = List.of(100, 1000);
    private static final List<Integer> RAW_CONNECTIONS = List.of(1, 2);
    private static final int LARGE_BYTES = 4096;

    /** Tidemark's default, and Kafka's. */
    static final List<Integer> LINGERS_MS = List.of(0, 5);

    /** Where the number of partitions is not the question. */
    static final int USUAL_PARTITIONS = 6;

    private Suite() {}

    /**
     * @param sizes of values, in bytes
     * @param quick shorter rounds
     */
    public static List<Contestant> contestants(List<Integer> sizes, List<Integer> partitions, boolean quick) {
        List<Contestant> all = new ArrayList<>();
        List<Load> loads = sizes.stream().map(size -> new Load(size, quick)).toList();
        loads.forEach(load -> addProducers(all, load, partitions));
        addSnapshots(all, loads.get(0));
        addCommits(all, quick);
        addCrowded(all, loads.get(0));
        loads.forEach(load -> addConsumers(all, load, partitions));
        addLatencies(all, quick);
        return all;
    }

    private static void addProducers(List<Contestant> all, Load load, List<Integer> partitions) {
        all.addAll(rawLimits(load));
        all.add(new PlainWay(load));
        for (int count : partitions) {
            for (Subject subject : Subject.values()) {
                all.add(new Produce(subject, load, count));
            }
        }
    }

    static List<RawLimit> rawLimits(Load load) {
        List<RawLimit> limits = new ArrayList<>();
        for (int connections : RAW_CONNECTIONS) {
            for (int batch : load.size() > LARGE_BYTES ? RAW_BATCHES_OF_LARGE : RAW_BATCHES) {
                limits.add(new RawLimit(load, connections, batch));
            }
        }
        return limits;
    }

    private static void addSnapshots(List<Contestant> all, Load load) {
        all.add(new HeldSnapshot(load, USUAL_PARTITIONS, false));
        all.add(new HeldSnapshot(load, USUAL_PARTITIONS, true));
    }

    private static void addCommits(List<Contestant> all, boolean quick) {
        all.add(new CommitOffsets(quick, false));
        all.add(new CommitOffsets(quick, true));
    }

    private static void addCrowded(List<Contestant> all, Load load) {
        for (Crowded.Direction direction : Crowded.Direction.values()) {
            all.add(new Crowded(direction, load, USUAL_PARTITIONS, false));
            all.add(new Crowded(direction, load, USUAL_PARTITIONS, true));
        }
    }

    private static void addConsumers(List<Contestant> all, Load load, List<Integer> partitions) {
        all.add(new RawCopy(load, partitions.get(0)));
        for (int count : partitions) {
            all.add(new Consume(Subject.TIDEMARK, load, count));
            all.add(new ConsumeFromCache(load, count));
            all.add(new Consume(Subject.KAFKA, load, count));
        }
    }

    private static void addLatencies(List<Contestant> all, boolean quick) {
        for (int lingerMs : LINGERS_MS) {
            for (Subject subject : Subject.values()) {
                all.add(new Latency(subject, lingerMs, quick));
            }
        }
    }
}
