package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;

/** One row of the result: something that can be run once a round. */
public interface Contestant {
    Label label();

    /** What must be there before the first round. May change {@link #settings}. */
    default void prepare(Stage stage) throws Exception {}

    /** What it ran with that a reader could have set otherwise. */
    String settings();

    /** One run. What it needs made and undone is outside the clock; nothing of it is left behind. */
    Sample run(Stage stage, Round round) throws Exception;

    /**
     * What a contestant is called.
     *
     * @param id for {@code --only} and the JSON file, for example {@code produce/100B/6p/tidemark}
     * @param group the heading of its table
     * @param name its row in there
     */
    record Label(String id, String group, String name) {}

    /** @param warmUp half as long as a counted round, and not counted */
    record Round(int number, boolean warmUp) {
        int records(int full) {
            return warmUp ? Math.max(1, full / 2) : full;
        }
    }
}
