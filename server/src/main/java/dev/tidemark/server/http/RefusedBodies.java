package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import io.javalin.http.Context;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Answers requests that are refused at the gate, or by their route before the body is read. A client that is still sending when the connection is closed may never see the answer, and takes a refusal for a broken connection; so a body of moderate size
 * is thrown away as it comes, for a while, without a thread or a buffer of its own. Strangers cannot make the server do more than that.
 */
final class RefusedBodies {
    /** More than what the SDK sends in a request; of a larger body nothing is read. */
    static final long MAX_BYTES = 4L * 1024 * 1024;

    private static final long PATIENCE_MS = 2_000;
    private static final int CHUNK_BYTES = 16 * 1024;

    private final Executor answering;

    RefusedBodies(Executor answering) {
        this.answering = answering;
    }

    /** Answers with the refusal, now or once the body is through; nothing else is done with the request. @throws ApiException the refusal, when nothing of a body is to come */
    void refuse(Context ctx, ApiException refusal) {
        if (!isToBeAwaited(ctx)) {
            throw refusal;
        }
        ctx.skipRemainingHandlers();
        ctx.future(() -> thrownAway(ctx)
                .completeOnTimeout(null, PATIENCE_MS, TimeUnit.MILLISECONDS)
                .thenRunAsync(
                        () -> {
                            throw refusal;
                        },
                        answering));
    }

    private static boolean isToBeAwaited(Context ctx) {
        if (ctx.req().getHeader("Expect") != null) {
            return false;
        }
        long declared = ctx.req().getContentLengthLong();
        return declared > 0 && declared <= MAX_BYTES || ctx.req().getHeader("Transfer-Encoding") != null;
    }

    private static CompletableFuture<Void> thrownAway(Context ctx) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            ServletInputStream in = ctx.req().getInputStream();
            in.setReadListener(new Sink(in, done));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return done;
    }

    private static final class Sink implements ReadListener {
        private final ServletInputStream in;
        private final CompletableFuture<Void> done;
        private long leftBytes = MAX_BYTES;

        Sink(ServletInputStream in, CompletableFuture<Void> done) {
            this.in = in;
            this.done = done;
        }

        @Override
        public void onDataAvailable() throws IOException {
            byte[] chunk = new byte[CHUNK_BYTES];
            // Not asked whether more is there once the answer is due: then nobody is to be called again.
            while (!done.isDone() && in.isReady()) {
                int read = in.read(chunk);
                leftBytes -= Math.max(read, 0);
                if (read < 0 || leftBytes < 0) {
                    done.complete(null);
                }
            }
        }

        @Override
        public void onAllDataRead() {
            done.complete(null);
        }

        @Override
        public void onError(Throwable broken) {
            done.complete(null);
        }
    }
}
