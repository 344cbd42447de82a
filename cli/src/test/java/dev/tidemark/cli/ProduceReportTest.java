package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.InvalidRecordException;
import dev.tidemark.client.RecordTooLargeException;
import dev.tidemark.client.TidemarkTimeoutException;
import dev.tidemark.client.UnknownTopicOrPartitionException;
import dev.tidemark.protocol.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class ProduceReportTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private long nanos = 5;

    @Test
    void allRecordsInTheLogIsExitCode0AndOneLine() {
        ProduceReport report = report(false);
        for (int line = 1; line <= 3; line++) {
            report.read(1_000_000);
            report.completed(line, false, null);
        }
        nanos += 1_500_000_000L;

        assertThat(report.finish()).isZero();
        assertThat(err.toString(UTF_8)).isEqualTo("3 records produced to t (3.0 MB in 1.5 s, 2 records/s)\n");
    }

    @Test
    void refusedRecordIsNamedByItsLineAndExitCodeIs1() {
        ProduceReport report = report(false);
        report.completed(1, false, null);
        report.completed(2, false, new InvalidRecordException(ErrorCode.INVALID_RECORD, "the value is not JSON", null));
        report.completed(3, false, new RecordTooLargeException("2000000 bytes", null));
        report.completed(4, true, new UnknownTopicOrPartitionException("no partition 7", null));

        assertThat(report.hasFailed()).isFalse();
        assertThat(report.finish()).isEqualTo(1);
        assertThat(err.toString(UTF_8)).startsWith("""
                        line 2 refused: INVALID_RECORD: the value is not JSON
                        line 3 refused: MESSAGE_TOO_LARGE: 2000000 bytes
                        line 4 refused: UNKNOWN_TOPIC_OR_PARTITION: no partition 7
                        1 record produced to t, 3 refused (""");
    }

    @Test
    void onlyTheFirstRefusalsAreShownAndTheOthersCounted() {
        ProduceReport report = report(false);
        for (int line = 1; line <= 1_000; line++) {
            report.refused(line, "INVALID_RECORD", "why");
        }
        report.finish();

        assertThat(err.toString(UTF_8))
                .contains("line 20 refused")
                .doesNotContain("line 21 refused")
                .contains("… and 980 more refused\n0 records produced to t, 1000 refused")
                .hasLineCount(22);
    }

    @Test
    void whatIsNoRecordsFaultStopsTheRunAndIsToldOnce() {
        ProduceReport report = report(false);
        report.completed(1, false, null);
        report.completed(2, false, new TidemarkTimeoutException("no answer", null));
        report.completed(3, false, new TidemarkTimeoutException("no answer", null));

        assertThat(report.hasFailed()).isTrue();
        assertThat(report.finish()).isEqualTo(1);
        assertThat(err.toString(UTF_8))
                .startsWith("tidemark: stopped at line 2: no answer (REQUEST_TIMED_OUT)\n"
                        + "1 record produced to t, 2 not acknowledged (")
                .hasLineCount(2);
    }

    @Test
    void topicThatIsGoneStopsTheRun() {
        ProduceReport report = report(false);
        report.completed(1, false, new UnknownTopicOrPartitionException("no topic t", null));
        assertThat(report.hasFailed()).isTrue();
    }

    @Test
    void progressIsDrawnOnATerminalNowAndThen() {
        ProduceReport report = report(true);
        report.completed(1, false, null);
        report.drawProgress();
        assertThat(err.toString(UTF_8)).isEmpty();

        nanos += 250_000_000L;
        report.drawProgress();
        report.drawProgress();
        assertThat(err.toString(UTF_8)).isEqualTo("\r\033[K1 records (0.0 MB in 0.3 s, 4 records/s)");

        err.reset();
        report.finish();
        assertThat(err.toString(UTF_8)).startsWith("\r\033[K1 record produced");
    }

    @Test
    void progressIsNotDrawnIntoAFile() {
        ProduceReport report = report(false);
        nanos += 250_000_000L;
        report.drawProgress();
        assertThat(err.toString(UTF_8)).isEmpty();
    }

    @Test
    void sumIsPrintedOnce() {
        ProduceReport report = report(false);
        report.finish();
        report.finish();
        assertThat(err.toString(UTF_8)).hasLineCount(1);
    }

    private ProduceReport report(boolean terminal) {
        PrintStream stream = new PrintStream(err, true, UTF_8);
        Streams streams = new Streams(InputStream.nullInputStream(), OutputStream.nullOutputStream(), stream, terminal);
        return new ProduceReport("t", streams, () -> nanos);
    }
}
