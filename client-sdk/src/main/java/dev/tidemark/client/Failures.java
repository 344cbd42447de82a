package dev.tidemark.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Makes the exception for a failure: by error code, by an answer, by what the transport threw. */
final class Failures {
    /** Of a group, to a member's commit. */
    private static final List<ErrorCode> REFUSED_COMMITS = List.of(
            ErrorCode.ILLEGAL_GENERATION,
            ErrorCode.UNKNOWN_MEMBER_ID,
            ErrorCode.GROUP_ID_NOT_FOUND,
            ErrorCode.FENCED_INSTANCE_ID);

    private Failures() {}

    static TidemarkException of(ErrorCode error, String detail) {
        return of(error, detail, null);
    }

    static TidemarkException of(ErrorCode error, String detail, @Nullable Throwable cause) {
        return switch (error) {
            case REQUEST_TIMED_OUT -> new TidemarkTimeoutException(detail, cause);
            case MESSAGE_TOO_LARGE -> new RecordTooLargeException(detail, cause);
            case UNKNOWN_TOPIC_OR_PARTITION -> new UnknownTopicOrPartitionException(detail, cause);
            case TOPIC_ALREADY_EXISTS -> new TopicExistsException(detail, cause);
            case SASL_AUTHENTICATION_FAILED -> new AuthenticationException(detail, cause);
            case TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED ->
                new AuthorizationException(error, detail, cause);
            case GROUP_ID_NOT_FOUND -> new GroupIdNotFoundException(detail, cause);
            case NON_EMPTY_GROUP -> new GroupNotEmptyException(detail, cause);
            case FENCED_INSTANCE_ID -> new FencedInstanceIdException(detail, cause);
            case INVALID_RECORD, INVALID_TIMESTAMP -> new InvalidRecordException(error, detail, cause);
            default ->
                error.retriable()
                        ? new RetriableException(error, detail, cause)
                        : new TidemarkException(error, detail, cause);
        };
    }

    /** For an answer that is no success. Anything between us and the server may have written it, so its body may be no problem document. */
    static TidemarkException of(Answer answer) {
        JsonNode problem = problem(answer.body());
        String name = problem.path("error").asText("");
        String detail = problem.path("detail").asText("");
        ErrorCode error = ErrorCode.byName(name).orElseGet(() -> byStatus(answer.status()));
        if (name.isEmpty()) {
            detail = "HTTP " + answer.status() + " from " + answer.server()
                    + ", which does not answer as a Tidemark server does";
        } else if (detail.isEmpty()) {
            detail = error.title();
        }
        return of(error, detail);
    }

    /** For a commit of offsets in SQL that the group refused; null for what has another cause. */
    static @Nullable TidemarkException ofSql(SQLException thrown) {
        String message = String.valueOf(thrown.getMessage()).lines().findFirst().orElse("");
        return REFUSED_COMMITS.stream()
                .filter(error -> error.sqlState().equals(thrown.getSQLState()))
                .findFirst()
                .map(error -> of(error, message.replaceFirst("^ERROR: ", ""), thrown))
                .orElse(null);
    }

    /** For a request without a whole answer. */
    static TidemarkException of(URI server, IOException thrown, Duration timeout) {
        if (isWithoutConnection(thrown)) {
            return new RetriableException(ErrorCode.BROKER_NOT_AVAILABLE, "cannot connect to " + server, thrown);
        }
        if (thrown instanceof HttpTimeoutException || thrown.getCause() instanceof TimeoutException) {
            return new TidemarkTimeoutException(
                    "no answer from " + server + " within " + timeout.toMillis() + " ms", thrown);
        }
        if (thrown instanceof ServerSilentException) {
            return new RetriableException(ErrorCode.BROKER_NOT_AVAILABLE, String.valueOf(thrown.getMessage()), thrown);
        }
        String distrust = TlsFailures.explain(server, thrown);
        if (distrust != null) {
            return new AuthenticationException(distrust, thrown);
        }
        return new RetriableException(
                ErrorCode.BROKER_NOT_AVAILABLE,
                "the connection to " + server + " broke: " + thrown.getMessage(),
                thrown);
    }

    /** Whether the server may have done what was asked for, although this is how the request ended. */
    static boolean leavesOutcomeOpen(TidemarkException failure) {
        return !isWithoutConnection(failure.getCause()) && failure.errorCode() != ErrorCode.THROTTLING_QUOTA_EXCEEDED;
    }

    private static boolean isWithoutConnection(@Nullable Throwable thrown) {
        return thrown instanceof HttpConnectTimeoutException || thrown instanceof ConnectException;
    }

    private static JsonNode problem(byte[] body) {
        try {
            return Json.forMessages().readTree(body);
        } catch (IOException notJson) {
            return MissingNode.getInstance();
        }
    }

    private static ErrorCode byStatus(int status) {
        return switch (status) {
            case 401 -> ErrorCode.SASL_AUTHENTICATION_FAILED;
            case 403 -> ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
            case 404 -> ErrorCode.RESOURCE_NOT_FOUND;
            case 413 -> ErrorCode.MESSAGE_TOO_LARGE;
            case 415 -> ErrorCode.UNSUPPORTED_MEDIA_TYPE;
            case 429 -> ErrorCode.THROTTLING_QUOTA_EXCEEDED;
            case 502, 503 -> ErrorCode.BROKER_NOT_AVAILABLE;
            case 504 -> ErrorCode.REQUEST_TIMED_OUT;
            default -> status < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_SERVER_ERROR;
        };
    }
}
