package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordError;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

    /**
     * The batch is not in the log; or, with REQUEST_TIMED_OUT, nobody knows. Indexes of record errors are places in the batch.
     *
     * @param cause the same, where it says more; else null
     */
    record Refused(
            ErrorCode error,
            String detail,
            List<RecordError> recordErrors,
            @Nullable ApiException cause) implements BatchOutcome {
        public Refused(ErrorCode error, String detail, List<RecordError> recordErrors) {
            this(error, detail, recordErrors, null);
        }

        public Refused(ErrorCode error, String detail) {
            this(error, detail, List.of());
        }

        /** All that the exception says. */
        Refused(ApiException cause) {
            this(cause.error(), cause.detail(), cause.recordErrors(), cause);
        }

        /** To be thrown at who asked. */
        public ApiException exception() {
            return cause == null ? new ApiException(error, detail) : cause;
        }
    }

    /** The batch is not in the log because another batch of its atomic request was refused. */
    record Withdrawn() implements BatchOutcome {}
}
