package dev.tidemark.server.http;

import dev.tidemark.server.log.tail.Slice;
import io.javalin.http.Context;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one answer as fast as its reader takes it, and no faster: no thread waits for a reader, and the next piece is made when the last one has gone. A reader who
 * falls behind the {@link Pace} loses the connection.
 */
final class AnswerWriting implements WriteListener, SlowPeers.Transfer {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerWriting.class);

    private final Context ctx;
    private final Source source;
    private final SlowPeers slowPeers;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final long begunNanos = System.nanoTime();
    private final ServletOutputStream out;
    /** Of the piece on its way. */
    private int onItsWay;

    private volatile long written;

    /** An answer piece by piece. */
    interface Source {
        /** The next piece, which is not written to any more; null when there are no more. */
        @Nullable
        Slice next() throws IOException;
    }

    private AnswerWriting(Context ctx, Source source) throws IOException {
        this.ctx = ctx;
        this.source = source;
        this.slowPeers = SlowPeers.of(ctx);
        this.out = ctx.res().getOutputStream();
    }

    /**
     * Makes this the rest of the request. Status and headers are set.
     *
     * @param afterwards run once nothing of the answer is held any more, however it ended
     */
    static void begin(Context ctx, Source source, Runnable afterwards) {
        try {
            ctx.future(() -> start(ctx, source).whenComplete((nothing, failure) -> afterwards.run()));
        } catch (RuntimeException e) {
            afterwards.run();
            throw e;
        }
    }

    private static CompletableFuture<Void> start(Context ctx, Source source) {
        try {
            AnswerWriting writing = new AnswerWriting(ctx, source);
            writing.slowPeers.watch(writing);
            writing.out.setWriteListener(writing);
            return writing.done;
        } catch (IOException e) {
            return CompletableFuture.failedFuture(new UncheckedIOException(e));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void onWritePossible() throws IOException {
        while (out.isReady()) {
            written += onItsWay;
            Slice piece = source.next();
            if (piece == null) {
                end(null);
                return;
            }
            out.write(piece.bytes(), piece.at(), piece.length());
            onItsWay = piece.length();
        }
    }

    @Override
    public void onError(Throwable failure) {
        end(failure instanceof IOException io ? new UncheckedIOException(io) : failure);
    }

    private void end(@Nullable Throwable failure) {
        slowPeers.leave(this);
        if (failure == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(failure);
        }
    }

    @Override
    public long begunNanos() {
        return begunNanos;
    }

    @Override
    public long movedBytes() {
        return written;
    }

    @Override
    public void tooSlow() {
        slowPeers.leave(this);
        LOG.info(
                "an answer is taken too slowly, its connection is cut request_id={} written_bytes={}",
                RequestIds.of(ctx),
                written);
        ServletContextRequest.getServletContextRequest(ctx.req())
                .getConnectionMetaData()
                .getConnection()
                .getEndPoint()
                .close();
    }
}
