package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordError;
import java.util.List;

/** What became of one batch. */
public sealed interface BatchOutcome {
    /**
     * The batch is committed.
     *
     * @param baseOffset the first record's offset; -1 with {@link Acks#NONE}
     * @param appendTimeMs the records' timestamp where the topic stamps them itself, else -1
     * @param duplicate it already was in the log, and this is where
     */
    record Appended(long baseOffset, long appendTimeMs, boolean duplicate) implements BatchOutcome {}

    /** The batch is not in the log; or, with REQUEST_TIMED_OUT, nobody knows. Indexes of record errors are places in the batch. */
    record Refused(ErrorCode error, String detail, List<RecordError> recordErrors) implements BatchOutcome {
        public Refused(ErrorCode error, String detail) {
            this(error, detail, List.of());
        }
    }

    /** The batch is not in the log because another batch of its atomic request was refused. */
    record Withdrawn() implements BatchOutcome {}
}
