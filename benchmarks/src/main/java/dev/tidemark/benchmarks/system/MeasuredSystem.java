package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.measure.ProcessTable;
import java.io.IOException;

/** A system under test, as its usage is read before and after a run. */
public interface MeasuredSystem {
    /**
     * What it has used since it started.
     *
     * @param serverCpuSeconds of the Tidemark server or the Kafka broker
     * @param postgresCpuSeconds of PostgreSQL; 0 where there is none
     * @param logBytes bytes of WAL, or of Kafka's log segments
     */
    record Usage(double serverCpuSeconds, double postgresCpuSeconds, double logBytes) {}

    Usage usage(ProcessTable processes) throws IOException;

    /** Makes a topic with bytes for keys and values. */
    void createTopic(String name, int partitions) throws IOException, InterruptedException;

    void deleteTopic(String name) throws IOException, InterruptedException;
}
