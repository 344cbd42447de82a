package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.measure.ProcessTable;
import java.io.IOException;
import java.nio.file.Path;

/** A running log under test: its topics, its usage, and the clients that put load on it. */
public interface LogSystem extends AutoCloseable {
    /**
     * What it has used since it started.
     *
     * @param serverCpuSeconds of the Tidemark server or the Kafka broker
     * @param postgresCpuSeconds of PostgreSQL; NaN where there is none
     * @param logBytes bytes of WAL, or of Kafka's log segments
     */
    record Usage(double serverCpuSeconds, double postgresCpuSeconds, double logBytes) {}

    Usage usage(ProcessTable processes) throws IOException;

    /** Makes a topic with bytes for keys and values. */
    void createTopic(String name, int partitions) throws IOException, InterruptedException;

    void deleteTopic(String name) throws IOException, InterruptedException;

    /** Sends that many values, picked from a file of them, as fast as it can. */
    Tool producer(String topic, int records, Path payloads);

    /** Reads a topic of that many records from its beginning. */
    Tool consumer(String topic, int records);

    /** Sends at a fixed rate and measures when records arrive. */
    Tool latency(String topic, LatencySettings settings);

    /**
     * @param lingerMs the producer's linger
     * @param size of a value, in bytes
     * @param rate records a second
     */
    record LatencySettings(int lingerMs, int size, int rate, int warmUpSeconds, int seconds) {}

    @Override
    void close();
}
