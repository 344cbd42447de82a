package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of one batch of a binary produce request, in request order.
 *
 * @param baseOffset the first record's offset, or -1 when the batch was refused or acks is 0
 * @param appendTimeMs when a topic stamps records itself ({@code message.timestamp.type=LogAppendTime}) their timestamp, else -1
 * @param error the name of an {@link dev.tidemark.protocol.ErrorCode}, or null when the batch is in the log
 */
public record BatchResult(
        int partition,
        long baseOffset,
        long appendTimeMs,
        @Nullable String error,
        @Nullable String detail,
        @Nullable List<RecordProblem> recordErrors) {}
