package dev.tidemark.server.http;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.api.Problem;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Problem documents for what never reaches a route: requests that are not HTTP, have too long a head, or end in a Java error. */
final class JettyProblems extends ErrorHandler {
    private static final Logger LOG = LoggerFactory.getLogger(JettyProblems.class);

    private final RequestMetrics metrics;

    JettyProblems(RequestMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String requestId = RequestIds.of(request.getHeaders().get(RequestIds.HEADER));
        int status = status(request, response.getStatus());
        response.setStatus(status);
        ErrorCode error = status < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_SERVER_ERROR;
        if (status >= 500 && request.getAttribute(ERROR_EXCEPTION) instanceof Throwable failure) {
            LOG.error("request {} failed unexpectedly", requestId, failure);
        }
        metrics.countProblem(error.name());
        byte[] body = Problems.encoded(Problems.problem(error, status, detail(status), requestId));
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, MediaTypes.PROBLEM);
        response.getHeaders().put(RequestIds.HEADER, requestId);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }

    /** Jetty answers some of what a caller does wrong, such as a version of HTTP that there is not, with a 5xx; here that is the caller's mistake. */
    private static int status(Request request, int status) {
        return status >= 500 && request.getAttribute(ERROR_EXCEPTION) instanceof HttpException ? 400 : status;
    }

    private static String detail(int status) {
        return switch (status) {
            case 400 -> "the request is not well-formed HTTP, or its path or headers are not legal";
            case 414 -> "the request's URI is too long";
            case 431 -> "the request's headers are too long";
            default ->
                status < 500
                        ? "the server refused the request with HTTP status " + status
                        : "the server met an error it did not expect";
        };
    }

    /** For an Error, such as a lack of memory, that ended a handler. */
    static void write(HttpServletResponse response, Error failure) {
        String requestId = response.getHeader(RequestIds.HEADER);
        String id = requestId == null ? RequestIds.fresh() : requestId;
        LOG.error("request {} failed unexpectedly", id, failure);
        if (response.isCommitted()) {
            return;
        }
        Problem problem = Problems.problem(
                ErrorCode.UNKNOWN_SERVER_ERROR,
                500,
                "the server met an error it did not expect; its log has it under request id " + id,
                id);
        byte[] body = Problems.encoded(problem);
        response.setStatus(500);
        response.setContentType(MediaTypes.PROBLEM);
        response.setContentLength(body.length);
        try {
            response.getOutputStream().write(body);
        } catch (IOException e) {
            LOG.debug("request {} was abandoned", id, e);
        }
    }
}
