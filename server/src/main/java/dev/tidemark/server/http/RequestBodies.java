package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Reads bodies into memory, each within a bound and all together within another. A body that is not there yet is waited for without a thread. Thread-safe.
 *
 * <p>Memory is taken as bytes come, not as they are announced: who announces much and sends little holds no more than a few times what was sent.
 */
final class RequestBodies {
    private static final String READ = "tidemark.body.read";

    private final int maxBytes;
    private final long budgetBytes;
    private final Runnable full;
    private final AtomicLong takenBytes = new AtomicLong();

    /** @param full told when the budget has no room */
    RequestBodies(int maxBytes, long budgetBytes, Runnable full) {
        this.maxBytes = maxBytes;
        this.full = full;
        this.budgetBytes = budgetBytes;
    }

    /**
     * A body in memory, and what is made of it on the way to the log, which has bounds of its own. Its share of the budget is given back on close. Not thread-safe.
     */
    final class Body implements AutoCloseable {
        /** The first array, when it is not known that more will come. */
        private static final int FIRST_BYTES = 16 * 1024;

        /** How much larger the next array is: few copies, and no more than that many times of what was sent. */
        private static final int GROWTH = 4;

        /** Up to this many bytes, the tree of a body is too small to count. */
        private static final int SMALL_TREE_BYTES = 16 * 1024;

        /** What Jackson takes for each byte of a string or number that it reads as a whole: characters, and a string of them. */
        private static final int BYTES_OF_TEXT = 4;

        /** The largest body: its announced length, or one byte beyond what is accepted. */
        private final int end;

        private byte[] bytes;
        private int length;
        private long charged;

        private Body(int capacity, int end) {
            this.end = end;
            charge(capacity);
            bytes = new byte[capacity];
        }

        byte[] bytes() {
            return bytes;
        }

        /** How many of {@link #bytes} are the body. */
        int length() {
            return length;
        }

        /**
         * Takes more of the budget, for what is made of the body before it is closed.
         *
         * @throws ApiException THROTTLING_QUOTA_EXCEEDED, or MESSAGE_TOO_LARGE when the budget would not do for this request alone
         */
        void charge(long more) {
            if (charged + more > budgetBytes) {
                throw new ApiException(
                        ErrorCode.MESSAGE_TOO_LARGE,
                        "reading the body takes more than the " + budgetBytes
                                + " bytes of memory the server has for requests");
            }
            take(more);
            charged += more;
        }

        /** For a body in JSON that is read token by token: one string or number at a time is held, of bounded length. */
        void chargeTokens() {
            if (length > SMALL_TREE_BYTES) {
                charge((long) BYTES_OF_TEXT * Math.min(length, Json.MAX_TEXT_CHARS));
            }
        }

        /**
         * For a body that is read into a tree: its nodes take up to some thirty times the room of their text, and are bounded in number; the strings in it up to two bytes
         * for each byte.
         */
        void chargeTree() {
            if (length > SMALL_TREE_BYTES) {
                charge(Math.min(32L * length, 80L * Json.MAX_TREE_TOKENS + 2L * length));
                chargeTokens();
            }
        }

        boolean isFull() {
            return length == bytes.length;
        }

        /** Reads what is there, without a wait when it has been said that something is; there is room. @return what the stream returned */
        int readFrom(InputStream in) throws IOException {
            int read = in.read(bytes, length, bytes.length - length);
            length += Math.max(0, read);
            return read;
        }

        boolean isBeyondTheBound() {
            return length > maxBytes;
        }

        boolean isWhole() {
            return length == end && end <= maxBytes;
        }

        void grow() {
            int more = (int) Math.min(end - bytes.length, (GROWTH - 1L) * bytes.length);
            charge(more);
            bytes = Arrays.copyOf(bytes, bytes.length + more);
        }

        @Override
        public void close() {
            takenBytes.addAndGet(-charged);
            charged = 0;
        }
    }

    long takenBytes() {
        return takenBytes.get();
    }

    int maxBytes() {
        return maxBytes;
    }

    /**
     * Reads the whole body, once, and then calls the reader: at once when the body is there, else on another of HTTP's threads once it is. The body is closed when the
     * reader returns.
     *
     * @param reader answers the request, or says with {@link Context#future} what will
     * @throws ApiException MESSAGE_TOO_LARGE, THROTTLING_QUOTA_EXCEEDED, UNSUPPORTED_MEDIA_TYPE for a compressed body, INVALID_REQUEST for one that is cut off or comes
     *     too slowly; thrown here or told the request
     */
    void read(Context ctx, Consumer<Body> reader) {
        refuseEncoded(ctx);
        ctx.attribute(READ, true);
        long declared = ctx.req().getContentLengthLong();
        if (declared >= 0 && declared <= maxBytes && isThere(ctx, declared)) {
            try (Body body = new Body((int) declared, (int) declared)) {
                readAtOnce(ctx, body);
                reader.accept(body);
            }
            return;
        }
        ctx.future(() -> BodyReading.start(ctx, this, declared).thenAccept(body -> {
            try (body;
                    var ignored = RequestIds.inLog(ctx)) {
                reader.accept(body);
            }
        }));
    }

    /** Whether reading a request's body has begun: then it is dealt with, whatever becomes of the request. */
    static boolean isBeingRead(Context ctx) {
        return Boolean.TRUE.equals(ctx.attribute(READ));
    }

    /** Not even bounded: what little is sent compressed to a log of records that are stored as they are is not worth a decompressor's risks. */
    private static void refuseEncoded(Context ctx) {
        String encoding = ctx.req().getHeader("Content-Encoding");
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "a body with Content-Encoding " + Problems.shortened(encoding) + " is not read here");
        }
    }

    /** Whether all of it has come with the head, as small bodies do. Who waits for leave to send has sent nothing. */
    private static boolean isThere(Context ctx, long declared) {
        try {
            return declared == 0
                    || ctx.req().getHeader("Expect") == null
                            && ctx.req().getInputStream().available() >= declared;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void readAtOnce(Context ctx, Body body) {
        try {
            InputStream in = ctx.req().getInputStream();
            while (!body.isFull()) {
                if (body.readFrom(in) < 0) {
                    throw cutOff(body.length(), body.end);
                }
            }
        } catch (IOException e) {
            throw cutOff(body.length(), body.end);
        }
    }

    /** @param declared its announced length; -1 when there is none */
    Body begun(long declared) {
        int end = declared < 0 ? maxBytes + 1 : (int) declared;
        return new Body(Math.min(Body.FIRST_BYTES, end), end);
    }

    private void take(long bytes) {
        if (takenBytes.addAndGet(bytes) > budgetBytes) {
            takenBytes.addAndGet(-bytes);
            full.run();
            throw new ApiException(
                    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                    "the requests under way hold " + budgetBytes + " bytes, as many as the server keeps; try again");
        }
    }

    ApiException tooLarge(long declared) {
        return new ApiException(
                ErrorCode.MESSAGE_TOO_LARGE,
                (declared < 0 ? "the body has more bytes" : "the body has " + declared + " bytes")
                        + "; the server accepts " + maxBytes + " bytes in a request");
    }

    static ApiException cutOff(long length, long declared) {
        return new ApiException(
                ErrorCode.INVALID_REQUEST,
                "the body is cut off after " + length + (declared < 0 ? " bytes" : " of " + declared + " bytes"));
    }
}
