package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.system.KafkaBroker;
import dev.tidemark.benchmarks.system.Stage.Subject;

/** How systems and their settings read in the table. */
final class Names {
    private Names() {}

    static String of(Subject subject) {
        return switch (subject) {
            case TIDEMARK -> "Tidemark";
            case KAFKA -> "Kafka as shipped";
            case KAFKA_FLUSHING -> "Kafka, flush per batch";
        };
    }

    static String partitions(int partitions) {
        return partitions == 1 ? "1 partition" : partitions + " partitions";
    }

    static String producerSettings(Subject subject) {
        return switch (subject) {
            case TIDEMARK -> "SDK defaults (acks all, idempotent), fsync on";
            case KAFKA -> kafkaProducer() + ", no fsync";
            case KAFKA_FLUSHING -> kafkaProducer() + ", log.flush.interval.messages=1";
        };
    }

    private static String kafkaProducer() {
        return "acks=all, idempotent, " + String.join(", ", KafkaBroker.PRODUCER_SETTINGS);
    }
}
