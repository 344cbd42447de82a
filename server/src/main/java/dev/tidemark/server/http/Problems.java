package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.api.Problem;
import dev.tidemark.protocol.api.RecordProblem;
import dev.tidemark.server.group.offset.OffsetAboveLogEndException;
import dev.tidemark.server.log.quota.ThrottledException;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.MethodNotAllowedResponse;
import io.javalin.http.NotFoundResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How failures are answered: one problem document, RFC 9457, whatever went wrong and wherever. */
final class Problems {
    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    /** Where it is not known better: what is full is full for moments. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    /** Under which a request's error is kept for the log. */
    private static final String ATTRIBUTE = "tidemark.error";

    /** RFC 6750. */
    private static final String CHALLENGE = "Bearer realm=\"tidemark\"";

    private final RequestMetrics metrics;
    private final LineRate unexpected = new LineRate(System::nanoTime);

    Problems(RequestMetrics metrics) {
        this.metrics = metrics;
    }

    /** A fetch from outside the log, with where the log begins and ends. */
    static final class OffsetOutOfRange extends ApiException {
        private static final long serialVersionUID = 1L;

        private final long logStartOffset;
        private final long logEndOffset;

        OffsetOutOfRange(String detail, long logStartOffset, long logEndOffset) {
            super(ErrorCode.OFFSET_OUT_OF_RANGE, detail);
            this.logStartOffset = logStartOffset;
            this.logEndOffset = logEndOffset;
        }
    }

    /** A body that does not come, or comes too slowly, to be waited for. */
    static final class TooSlow extends ApiException {
        private static final long serialVersionUID = 1L;
        private static final int STATUS = 408;

        TooSlow(String detail) {
            super(ErrorCode.INVALID_REQUEST, detail);
        }
    }

    /** Answers with the problem behind the failure; what is none of the caller's is logged. */
    void answer(Context ctx, Throwable failure) {
        if (ctx.res().isCommitted()) {
            LOG.debug("request {} failed while its answer was being written", RequestIds.of(ctx), failure);
            return;
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ApiException refused) {
            if (refused.error() == ErrorCode.THROTTLING_QUOTA_EXCEEDED) {
                ctx.res().setHeader("Retry-After", retryAfterSeconds(refused));
            }
            write(ctx, problem(refused, RequestIds.of(ctx)));
        } else if (cause instanceof HttpResponseException unmatched) {
            answerUnmatched(ctx, unmatched);
        } else {
            answerUnexpected(ctx, cause);
        }
    }

    private void answerUnmatched(Context ctx, HttpResponseException unmatched) {
        if (unmatched instanceof MethodNotAllowedResponse) {
            String allowed = String.join(", ", unmatched.getDetails().values());
            ctx.res().setHeader("Allow", allowed);
            String detail = "the resource " + shownPath(ctx) + " has no "
                    + shortened(ctx.req().getMethod()) + ", only " + allowed;
            write(ctx, problem(ErrorCode.INVALID_REQUEST, 405, detail, RequestIds.of(ctx)));
        } else if (unmatched instanceof NotFoundResponse) {
            String detail = "there is no resource " + shownPath(ctx) + "; /openapi.json lists them";
            write(ctx, problem(ErrorCode.RESOURCE_NOT_FOUND, 404, detail, RequestIds.of(ctx)));
        } else {
            int status = unmatched.getStatus();
            ErrorCode error = status < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_SERVER_ERROR;
            write(ctx, problem(error, status, error.title(), RequestIds.of(ctx)));
        }
    }

    private void answerUnexpected(Context ctx, Throwable cause) {
        if (cause instanceof IOException || cause instanceof UncheckedIOException) {
            // The connection, not the server: nobody is left to answer.
            LOG.debug("request {} was abandoned", RequestIds.of(ctx), cause);
            return;
        }
        long leftOutBefore = unexpected.admit();
        if (leftOutBefore != LineRate.LEFT_OUT) {
            LOG.error(
                    "request {} failed unexpectedly: {} {} left_out_before={}",
                    RequestIds.of(ctx),
                    ctx.req().getMethod(),
                    shownPath(ctx),
                    leftOutBefore,
                    cause);
        }
        String detail =
                "the server met an error it did not expect; its log has it under request id " + RequestIds.of(ctx);
        write(ctx, problem(ErrorCode.UNKNOWN_SERVER_ERROR, 500, detail, RequestIds.of(ctx)));
    }

    private void write(Context ctx, Problem problem) {
        metrics.countProblem(problem.error());
        ctx.attribute(ATTRIBUTE, problem.error());
        if (problem.status() == TooSlow.STATUS) {
            ctx.res().setHeader("Connection", "close");
        }
        if (problem.status() == ErrorCode.SASL_AUTHENTICATION_FAILED.httpStatus()) {
            ctx.res().setHeader("WWW-Authenticate", CHALLENGE);
        }
        ctx.res().resetBuffer();
        Answers.bytes(ctx, problem.status(), MediaTypes.PROBLEM, encoded(problem));
    }

    /** In whole seconds, as the header wants it: not before another try is worth it. */
    private static String retryAfterSeconds(ApiException refused) {
        Duration wait = refused instanceof ThrottledException throttled ? throttled.retryAfter() : RETRY_AFTER;
        return Long.toString(wait.plusNanos(999_999_999).toSeconds());
    }

    /** The name of the error the request was answered with, or null. */
    static @Nullable String errorOf(Context ctx) {
        return ctx.attribute(ATTRIBUTE);
    }

    static byte[] encoded(Problem problem) {
        try {
            return Json.MAPPER.writeValueAsBytes(problem);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Problem problem(ErrorCode error, int status, String detail, String requestId) {
        return new Problem(
                error.type(),
                error.title(),
                status,
                detail,
                error.name(),
                error.retriable(),
                null,
                null,
                null,
                requestId);
    }

    static Problem problem(ApiException refused, String requestId) {
        ErrorCode error = refused.error();
        OffsetOutOfRange range = outOfRange(refused);
        return new Problem(
                error.type(),
                error.title(),
                refused instanceof TooSlow ? TooSlow.STATUS : error.httpStatus(),
                refused.detail(),
                error.name(),
                error.retriable(),
                recordProblems(refused.recordErrors()),
                range == null ? null : range.logStartOffset,
                range == null ? null : range.logEndOffset,
                requestId);
    }

    private static @Nullable OffsetOutOfRange outOfRange(ApiException refused) {
        if (refused instanceof OffsetAboveLogEndException above) {
            return new OffsetOutOfRange(above.detail(), above.logStartOffset(), above.logEndOffset());
        }
        return refused instanceof OffsetOutOfRange outside ? outside : null;
    }

    static @Nullable List<RecordProblem> recordProblems(List<RecordError> errors) {
        if (errors.isEmpty()) {
            return null;
        }
        return errors.stream()
                .map(e -> new RecordProblem(e.index(), e.error().name(), e.detail()))
                .toList();
    }

    private static String shownPath(Context ctx) {
        return shortened(ctx.req().getRequestURI());
    }

    static String shortened(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
