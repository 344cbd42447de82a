package dev.tidemark.server.http;

import io.javalin.http.Context;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One line of the log for each request that was answered with a problem, without anything the caller sent but method, path and request id; and no more than so many a
 * second, because who sends bad requests may send many. Thread-safe.
 */
final class FailureLog {
    private static final Logger LOG = LoggerFactory.getLogger(FailureLog.class);

    private final LineRate rate = new LineRate(System::nanoTime);

    /** @param route what the request matched, as metrics call it */
    void log(Context ctx, String route, String error, long elapsedNanos) {
        Level level = level(ctx.statusCode());
        if (!LOG.isEnabledForLevel(level)) {
            return;
        }
        long before = rate.admit();
        if (before == LineRate.LEFT_OUT) {
            return;
        }
        try (var ignored = RequestIds.inLog(ctx)) {
            LOG.atLevel(level)
                    .log(
                            "request refused status={} error={} route=\"{}\" path={} elapsed_ms={} left_out_before={}",
                            ctx.statusCode(),
                            error,
                            route,
                            printable(Problems.shortened(ctx.req().getRequestURI())),
                            TimeUnit.NANOSECONDS.toMillis(elapsedNanos),
                            before);
        }
    }

    /** The server's own trouble is for whoever runs it, the caller's for whoever looks for it; unexpected errors have a line with their stack trace besides. */
    private static Level level(int status) {
        return status == 429 || status >= 500 ? Level.WARN : Level.INFO;
    }

    private static String printable(String path) {
        return path.replaceAll("[^A-Za-z0-9/%._~:@!$&'()*+,;=…-]", "?");
    }
}
