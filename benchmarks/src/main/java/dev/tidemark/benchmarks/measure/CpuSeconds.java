package dev.tidemark.benchmarks.measure;

import java.util.stream.DoubleStream;

/**
 * CPU used by the parts of one run, in seconds; NaN where it is not known.
 *
 * @param client the producing or consuming process
 * @param server the Tidemark server or the Kafka broker
 * @param postgres the postmaster and everything under it; NaN for Kafka, which has none
 */
public record CpuSeconds(double client, double server, double postgres) {
    /** Of all parts that are known. */
    public double total() {
        return DoubleStream.of(client, server, postgres)
                .filter(part -> !Double.isNaN(part))
                .sum();
    }
}
