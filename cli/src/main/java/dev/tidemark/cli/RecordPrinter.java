package dev.tidemark.cli;

import dev.tidemark.client.ConsumerRecord;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Prints a record as one line; bytes as they are. */
interface RecordPrinter {
    void print(ConsumerRecord<byte[], byte[]> record);

    static RecordPrinter values(Output out) {
        return record -> {
            printPart(record.value(), out);
            out.write('\n');
        };
    }

    static RecordPrinter keysAndValues(byte[] separator, Output out) {
        return record -> {
            printPart(record.key(), out);
            out.write(separator);
            printPart(record.value(), out);
            out.write('\n');
        };
    }

    static RecordPrinter json(JsonLineWriter writer) {
        return record -> writer.write(
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.key(),
                record.value(),
                record.headers());
    }

    private static void printPart(byte @Nullable [] part, Output out) {
        // As Kafka's console consumer shows null.
        out.write(part == null ? "null".getBytes(StandardCharsets.US_ASCII) : part);
    }
}
