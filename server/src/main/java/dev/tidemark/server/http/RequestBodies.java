package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/** Reads bodies into memory, each within a bound and all together within another. Thread-safe. */
final class RequestBodies {
    private static final int FIRST_BYTES = 16 * 1024;

    /** How much of a body that is refused is still read, so that a caller who sends first and reads later gets to the answer. */
    private static final long DRAINED_BYTES = 64L * 1024 * 1024;

    private final int maxBytes;
    private final long budgetBytes;
    private final AtomicLong takenBytes = new AtomicLong();

    RequestBodies(int maxBytes, long budgetBytes) {
        this.maxBytes = maxBytes;
        this.budgetBytes = budgetBytes;
    }

    /** A body in memory; its share of the budget is given back on close, by when it should have gone on to the log, which has bounds of its own. */
    final class Body implements AutoCloseable {
        private byte[] bytes;
        private int length;

        private Body(int capacity) {
            take(capacity);
            bytes = new byte[capacity];
        }

        byte[] bytes() {
            return bytes;
        }

        /** How many of {@link #bytes} are the body. */
        int length() {
            return length;
        }

        private void grow() {
            int more = Math.min(bytes.length, maxBytes + 1 - bytes.length);
            take(more);
            bytes = Arrays.copyOf(bytes, bytes.length + more);
        }

        @Override
        public void close() {
            takenBytes.addAndGet(-bytes.length);
        }
    }

    long takenBytes() {
        return takenBytes.get();
    }

    int maxBytes() {
        return maxBytes;
    }

    /**
     * Reads the whole body, once, into an array of its size where the size is known.
     *
     * @throws ApiException MESSAGE_TOO_LARGE, THROTTLING_QUOTA_EXCEEDED, UNSUPPORTED_MEDIA_TYPE for a compressed body, INVALID_REQUEST for one that is cut off
     */
    Body read(Context ctx) {
        String encoding = ctx.req().getHeader("Content-Encoding");
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE, "a body with Content-Encoding " + encoding + " is not read here");
        }
        long declared = ctx.req().getContentLengthLong();
        if (declared > maxBytes) {
            drain(ctx);
            throw tooLarge("the body has " + declared + " bytes");
        }
        Body body = new Body(declared < 0 ? Math.min(FIRST_BYTES, maxBytes + 1) : (int) declared);
        try {
            fill(body, ctx, declared);
            return body;
        } catch (RuntimeException e) {
            body.close();
            throw e;
        }
    }

    private void fill(Body body, Context ctx, long declared) {
        try {
            InputStream in = ctx.req().getInputStream();
            while (body.length < body.bytes.length) {
                int read = in.read(body.bytes, body.length, body.bytes.length - body.length);
                if (read < 0) {
                    break;
                }
                body.length += read;
                if (declared < 0 && body.length == body.bytes.length) {
                    if (body.length > maxBytes) {
                        drain(ctx);
                        throw tooLarge("the body has more bytes");
                    }
                    body.grow();
                }
            }
        } catch (IOException e) {
            throw cutOff(body.length, declared);
        }
        if (declared >= 0 && body.length < declared) {
            throw cutOff(body.length, declared);
        }
    }

    /** Reads on, within a bound; unless the caller waits for leave to send. */
    private void drain(Context ctx) {
        if (ctx.req().getHeader("Expect") != null) {
            return;
        }
        try {
            InputStream in = ctx.req().getInputStream();
            byte[] sink = new byte[FIRST_BYTES];
            long left = DRAINED_BYTES;
            int read = 0;
            while (left > 0 && read >= 0) {
                read = in.read(sink);
                left -= read;
            }
        } catch (IOException e) {
            // The answer is on its way, whether or not the caller is still there to read it.
        }
    }

    private void take(int bytes) {
        if (takenBytes.addAndGet(bytes) > budgetBytes) {
            takenBytes.addAndGet(-bytes);
            throw new ApiException(
                    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                    "the requests under way hold " + budgetBytes + " bytes, as many as the server keeps; try again");
        }
    }

    private ApiException tooLarge(String what) {
        return new ApiException(
                ErrorCode.MESSAGE_TOO_LARGE, what + "; the server accepts " + maxBytes + " bytes in a request");
    }

    private static ApiException cutOff(int length, long declared) {
        return new ApiException(
                ErrorCode.INVALID_REQUEST,
                "the body is cut off after " + length + (declared < 0 ? " bytes" : " of " + declared + " bytes"));
    }
}
