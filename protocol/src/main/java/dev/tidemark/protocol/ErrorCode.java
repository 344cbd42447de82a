package dev.tidemark.protocol;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Every error Tidemark can answer with: one enum for the server, the SDK and SQL.
 *
 * <p>Names and codes are Apache Kafka's (its {@code Errors} enum) wherever Kafka has the error; codes from 1000 up are ours. In SQL an error's
 * SQLSTATE is {@code TM} and the last three digits of the code.
 */
public enum ErrorCode {
    UNKNOWN_SERVER_ERROR(-1, 500, false, "The server met an error it did not expect"),
    OFFSET_OUT_OF_RANGE(1, 416, false, "The offset is outside the partition's log"),
    UNKNOWN_TOPIC_OR_PARTITION(3, 404, false, "There is no such topic or partition"),
    /** The outcome is unknown: the request may have been carried out. Safe to repeat with a producer id and sequence. */
    REQUEST_TIMED_OUT(7, 503, true, "The request was not finished in time and its outcome is unknown"),
    BROKER_NOT_AVAILABLE(8, 503, true, "The server cannot serve the request now"),
    MESSAGE_TOO_LARGE(10, 413, false, "A record or the request is larger than the server accepts"),
    OFFSET_METADATA_TOO_LARGE(12, 400, false, "The metadata of a committed offset is too large"),
    INVALID_TOPIC_EXCEPTION(17, 400, false, "The topic name is not legal"),
    ILLEGAL_GENERATION(22, 409, false, "The generation is not the group's current one"),
    INVALID_GROUP_ID(24, 400, false, "The name of the group is not legal"),
    UNKNOWN_MEMBER_ID(25, 404, false, "The group has no such member"),
    INVALID_SESSION_TIMEOUT(26, 400, false, "The session timeout is outside the accepted range"),
    REBALANCE_IN_PROGRESS(27, 409, true, "The group is rebalancing"),
    TOPIC_AUTHORIZATION_FAILED(29, 403, false, "Not authorised for the topic"),
    GROUP_AUTHORIZATION_FAILED(30, 403, false, "Not authorised for the group"),
    CLUSTER_AUTHORIZATION_FAILED(31, 403, false, "Not authorised for the cluster"),
    INVALID_TIMESTAMP(32, 400, false, "A record's timestamp is outside the accepted range"),
    TOPIC_ALREADY_EXISTS(36, 409, false, "A topic of that name exists"),
    INVALID_PARTITIONS(37, 400, false, "The number of partitions is not legal"),
    INVALID_CONFIG(40, 400, false, "A topic config is unknown or its value is not legal"),
    INVALID_REQUEST(42, 400, false, "The request is not well formed"),
    OUT_OF_ORDER_SEQUENCE_NUMBER(45, 409, false, "The batch does not follow the producer's last one"),
    INVALID_PRODUCER_EPOCH(47, 409, false, "A newer producer with the same id has taken over"),
    SASL_AUTHENTICATION_FAILED(58, 401, false, "The token is missing or not known"),
    NON_EMPTY_GROUP(68, 409, false, "The group still has members"),
    GROUP_ID_NOT_FOUND(69, 404, false, "There is no such group"),
    GROUP_MAX_SIZE_REACHED(81, 409, false, "The group has as many members as it may have"),
    FENCED_INSTANCE_ID(82, 409, false, "Another member with the same group instance id has taken over"),
    INVALID_RECORD(87, 400, false, "A record is not acceptable to its topic"),
    THROTTLING_QUOTA_EXCEEDED(89, 429, true, "The server is at its limit; try again later"),
    RESOURCE_NOT_FOUND(91, 404, false, "There is no such resource"),
    UNSUPPORTED_MEDIA_TYPE(1001, 415, false, "The content type is not one the resource reads or writes");

    private static final Map<Integer, ErrorCode> BY_CODE =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(ErrorCode::code, Function.identity()));

    private final int code;
    private final int httpStatus;
    private final boolean retriable;
    private final String title;

    ErrorCode(int code, int httpStatus, boolean retriable, String title) {
        this.code = code;
        this.httpStatus = httpStatus;
        this.retriable = retriable;
        this.title = title;
    }

    /** Kafka's error code, or one from 1000 up where Kafka has no such error. */
    public int code() {
        return code;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** Whether the same request may succeed later without being changed. */
    public boolean retriable() {
        return retriable;
    }

    /** What the error means to a person, without the particulars of the case. */
    public String title() {
        return title;
    }

    /** The URN in a problem document's {@code type}. */
    public String type() {
        return "urn:tidemark:error:" + name();
    }

    public String sqlState() {
        return String.format("TM%03d", Math.floorMod(code, 1000));
    }

    /** The error that a SQLSTATE of ours means; empty for PostgreSQL's own. */
    public static Optional<ErrorCode> bySqlState(String sqlState) {
        return Arrays.stream(values())
                .filter(e -> e.code < 1000 && e.sqlState().equals(sqlState))
                .findFirst();
    }

    public static Optional<ErrorCode> byCode(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    /** The error of that name; a name from a newer server that this build does not know is empty. */
    public static Optional<ErrorCode> byName(String name) {
        return Arrays.stream(values()).filter(e -> e.name().equals(name)).findFirst();
    }
}
