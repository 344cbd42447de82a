package dev.tidemark.benchmarks.measure;

/**
 * CPU used by the parts of one run, in seconds; NaN where it is not known.
 *
 * @param client the producing or consuming process
 * @param server the Tidemark server or the Kafka broker
 * @param postgres the postmaster and everything under it; 0 for Kafka, which has none
 */
public record CpuSeconds(double client, double server, double postgres) {
    public double total() {
        return client + server + postgres;
    }
}
