package dev.tidemark.server.http;

import io.javalin.http.Context;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** What a request is called in the log and in its answer: the caller's name for it, when it is fit to print, else one of ours. */
final class RequestIds {
    static final String HEADER = "X-Request-Id";

    /** The key in the log's context. */
    static final String LOG_KEY = "request_id";

    private static final String ATTRIBUTE = "tidemark.request_id";
    private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._:/+=@-]{1,128}");

    private RequestIds() {}

    /** Names the request and puts the name into the answer's header. */
    static void assign(Context ctx) {
        String id = of(ctx.req().getHeader(HEADER));
        ctx.attribute(ATTRIBUTE, id);
        ctx.res().setHeader(HEADER, id);
    }

    /** The caller's name for a request, where it has one that is fit to print, else a new one. */
    static String of(@Nullable String given) {
        return given != null && FIT.matcher(given).matches() ? given : fresh();
    }

    static String of(Context ctx) {
        String id = ctx.attribute(ATTRIBUTE);
        return id == null ? "-" : id;
    }

    /** Names the request in every line of the log that this thread writes until the closing. */
    static MDC.MDCCloseable inLog(Context ctx) {
        return MDC.putCloseable(LOG_KEY, of(ctx));
    }

    static String fresh() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
}
