package dev.tidemark.benchmarks.measure;

import org.jspecify.annotations.Nullable;

/**
 * What one contestant did in one round.
 *
 * @param seconds on the client's own clock, from its first record to the last one's acknowledgement or arrival
 * @param cpu from before the client was told to begin until it had answered
 * @param logBytes bytes written to PostgreSQL's WAL, or to Kafka's log, in that time; NaN where it is not known
 * @param latency only where the round was about latency
 */
public record Sample(
        long records,
        double seconds,
        CpuSeconds cpu,
        double logBytes,
        @Nullable LatencyMs latency) {
    public double recordsPerSecond() {
        return records / seconds;
    }

    public double microsPerRecord(double cpuSeconds) {
        return cpuSeconds * 1e6 / records;
    }

    public double logBytesPerRecord() {
        return logBytes / records;
    }
}
