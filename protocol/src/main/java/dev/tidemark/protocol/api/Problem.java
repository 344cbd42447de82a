package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An error answer: RFC 9457 with our fields.
 *
 * @param error the name of an {@link dev.tidemark.protocol.ErrorCode}
 * @param logStartOffset only with OFFSET_OUT_OF_RANGE, as {@code logEndOffset}
 * @param requestId what the server's log calls this request; also in the answer's {@code X-Request-Id}
 */
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String error,
        boolean retriable,
        @Nullable List<RecordProblem> recordErrors,
        @Nullable Long logStartOffset,
        @Nullable Long logEndOffset,
        @Nullable String requestId) {}
