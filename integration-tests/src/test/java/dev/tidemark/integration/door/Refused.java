package dev.tidemark.integration.door;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.RecordProblem;
import java.util.List;

/** A request that was refused, as the caller learns it. */
public final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode error;
    private final transient List<RecordProblem> records;

    public Refused(ErrorCode error, String detail) {
        this(error, detail, List.of());
    }

    public Refused(ErrorCode error, String detail, List<RecordProblem> records) {
        super(detail);
        this.error = error;
        this.records = records;
    }

    public ErrorCode error() {
        return error;
    }

    /** The records at fault, where the door names them. */
    public List<RecordProblem> records() {
        return records;
    }

    @Override
    public String toString() {
        return "Refused: " + error + " " + getMessage() + " " + records;
    }
}
