package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;

/** OFFSET_OUT_OF_RANGE: an offset is to be committed that no record has yet. With where the log begins and ends. */
public final class OffsetAboveLogEndException extends ApiException {
    private static final long serialVersionUID = 1L;

    private final long logStartOffset;
    private final long logEndOffset;

    OffsetAboveLogEndException(String detail, long logStartOffset, long logEndOffset) {
        super(ErrorCode.OFFSET_OUT_OF_RANGE, detail);
        this.logStartOffset = logStartOffset;
        this.logEndOffset = logEndOffset;
    }

    public long logStartOffset() {
        return logStartOffset;
    }

    public long logEndOffset() {
        return logEndOffset;
    }
}
