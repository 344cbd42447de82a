package dev.tidemark.protocol;

import java.util.List;

/** A request that is refused, or failed, for a reason the caller is told: the error and what in the request it is about. */
public class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode error;
    private final transient List<RecordError> recordErrors;

    public ApiException(ErrorCode error, String detail) {
        this(error, detail, List.of());
    }

    public ApiException(ErrorCode error, String detail, List<RecordError> recordErrors) {
        super(detail);
        this.error = error;
        this.recordErrors = List.copyOf(recordErrors);
    }

    public ApiException(ErrorCode error, String detail, Throwable cause) {
        super(detail, cause);
        this.error = error;
        this.recordErrors = List.of();
    }

    public ErrorCode error() {
        return error;
    }

    /** The detail a caller reads; never null. */
    public String detail() {
        return String.valueOf(getMessage());
    }

    /** The records at fault by their index in the request (or batch); empty when it is not about single records. */
    public List<RecordError> recordErrors() {
        return recordErrors == null ? List.of() : recordErrors;
    }
}
