package dev.tidemark.client;

import dev.tidemark.protocol.api.RecordProblem;
import java.time.Duration;
import java.util.List;

/** What one try to send a batch came to. */
sealed interface Verdict {
    /** @param baseOffset -1 with {@link Acks#NONE} @param appendTimeMs -1 unless the topic stamps records itself */
    record Appended(long baseOffset, long appendTimeMs) implements Verdict {}

    /** The server said what became of this batch, by its error. */
    record Refused(TidemarkException refusal, List<RecordProblem> recordProblems) implements Verdict {}

    /** The request as a whole got no answer, or one that may have come before its body was read. */
    record BrokenOff(TidemarkException failure, Duration retryAfter) implements Verdict {}
}
