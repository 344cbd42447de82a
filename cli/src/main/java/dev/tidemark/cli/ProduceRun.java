package dev.tidemark.cli;

import dev.tidemark.client.RecordTooLargeException;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import java.io.IOException;

/** Sends line after line until the input ends, the server gives up, or the process is told to stop. */
final class ProduceRun {
    private final String topic;
    private final LineReader lines;
    private final LineParser parser;
    private final TidemarkProducer<byte[], byte[]> producer;
    private final ProduceReport report;
    private final String tooLarge;

    /** @param tooLarge says why a record that no request can hold is refused */
    ProduceRun(
            String topic,
            LineReader lines,
            LineParser parser,
            TidemarkProducer<byte[], byte[]> producer,
            ProduceReport report,
            String tooLarge) {
        this.topic = topic;
        this.lines = lines;
        this.parser = parser;
        this.producer = producer;
        this.report = report;
        this.tooLarge = tooLarge;
    }

    void run(StopSignal stop) throws IOException {
        try {
            while (!report.hasFailed() && !stop.received() && sendNext()) {
                report.drawProgress();
            }
        } catch (IllegalStateException producerClosed) {
            if (!stop.received()) {
                throw producerClosed;
            }
        }
    }

    /** False at the end of the input. */
    private boolean sendNext() throws IOException {
        try {
            byte[] line = lines.next();
            if (line == null) {
                return false;
            }
            report.read(line.length + 1);
            send(parser.parse(line), lines.lineNumber());
        } catch (BadLine e) {
            report.refused(lines.lineNumber(), "INVALID_RECORD", String.valueOf(e.getMessage()));
        }
        return true;
    }

    private void send(InputRecord record, long line) throws BadLine {
        boolean namesPartition = record.partition() != null;
        try {
            producer.send(record.to(topic), (metadata, failure) -> report.completed(line, namesPartition, failure));
        } catch (RecordTooLargeException e) {
            report.refused(line, e.errorCode().name(), tooLarge);
        } catch (TidemarkException e) {
            report.completed(line, namesPartition, e);
        }
    }
}
