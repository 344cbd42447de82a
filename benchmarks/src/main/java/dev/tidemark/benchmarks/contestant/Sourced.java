package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.TidemarkServer.Source;
import dev.tidemark.benchmarks.system.Tool;
import java.io.IOException;

/** Runs of Tidemark's consumer that must get their records from a certain place. */
final class Sourced {
    private static final double SHARE = 0.99;

    private Sourced() {}

    /** @throws IllegalStateException when the server says that more than one in a hundred records came from elsewhere: the row would be about something else */
    static Sample measure(Stage stage, TidemarkServer server, Tool consumer, Source source)
            throws IOException, InterruptedException {
        double before = server.recordsFetched(source);
        Sample sample = stage.measure(server, consumer);
        double fetched = server.recordsFetched(source) - before;
        if (fetched < SHARE * sample.records()) {
            throw new IllegalStateException(
                    String.format("only %,.0f of %,d records came from %s", fetched, sample.records(), source));
        }
        return sample;
    }
}
