package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.load.PlainInsert;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** {@link PlainInsert} in the way that is fastest for it, which it finds first: how rows are inserted, how many a commit, on how many connections. */
final class PlainWay implements Contestant {
    /** @param rows {@code unnest} or {@code values}, see {@link PlainInsert} */
    private record Way(String rows, int connections, int batch) {
        @Override
        public String toString() {
            String insert =
                    rows.equals("unnest") ? "INSERT … SELECT FROM unnest" : "INSERT … VALUES (reWriteBatchedInserts)";
            return insert + ", " + batch + " a commit, connections: " + connections;
        }
    }

    private static final List<Integer> BATCHES = List.of(100, 500, 2000, 5000);
    private static final int MOST_BATCH_BYTES = 8 << 20;

    private final Load load;
    private Way best = new Way("unnest", 2, 2000);

    PlainWay(Load load) {
        this.load = load;
    }

    @Override
    public Label label() {
        return new Label(id(load), "Produce, " + load.name(), "Plain INSERT and a counter row");
    }

    static String id(Load load) {
        return "produce/" + load.id() + "/plain";
    }

    @Override
    public void prepare(Stage stage) throws Exception {
        record Trial(Way way, double rate) {}
        List<Trial> trials = new ArrayList<>();
        for (Way way : ways()) {
            trials.add(new Trial(way, run(stage, way, records() / 2).recordsPerSecond()));
        }
        best = trials.stream()
                .max(Comparator.comparingDouble(Trial::rate))
                .map(Trial::way)
                .orElse(best);
    }

    private List<Way> ways() {
        List<Way> ways = new ArrayList<>();
        for (int connections = 1; connections <= 2; connections++) {
            for (int batch : BATCHES) {
                if (batch * load.size() <= MOST_BATCH_BYTES) {
                    ways.add(new Way("unnest", connections, batch));
                    ways.add(new Way("values", connections, batch));
                }
            }
        }
        return ways;
    }

    /** It is slower than the others, so fewer make a round as long. */
    private int records() {
        return Math.max(2000, load.records() / 4);
    }

    @Override
    public String settings() {
        return String.format("%,d records; pgjdbc: %s (its best of %d); fsync on", records(), best, ways().size());
    }

    @Override
    public Sample run(Stage stage, Round round) throws Exception {
        return run(stage, best, round.records(records()));
    }

    private Sample run(Stage stage, Way way, int records) throws IOException, InterruptedException {
        TidemarkServer server = stage.tidemark();
        return stage.measure(
                server,
                Tool.ours(
                        "plain-insert",
                        PlainInsert.class,
                        "--jdbc-url",
                        server.jdbcUrl(),
                        "--rows",
                        way.rows(),
                        "--connections",
                        way.connections(),
                        "--batch",
                        way.batch(),
                        "--records",
                        records,
                        "--payload-file",
                        stage.payloads(load.size())));
    }
}
