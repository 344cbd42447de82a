package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.server.http.RequestBodies.Body;
import io.javalin.http.Context;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One body on its way in, read as it comes by whichever thread brings bytes; between them it holds none. A body that is refused is read on for a while and thrown away,
 * so that a caller who sends first and reads later gets to the answer.
 */
final class BodyReading implements ReadListener, SlowPeers.Transfer {
    private static final long DRAINED_BYTES = 64L * 1024 * 1024;
    private static final int SINK_BYTES = 16 * 1024;

    private final RequestBodies bodies;
    private final long declared;
    private final boolean waitsForLeave;
    private final SlowPeers slowPeers;
    private final Context ctx;
    private final CompletableFuture<Body> whole = new CompletableFuture<>();
    private final long begunNanos = System.nanoTime();

    /** Null once it is refused, passed on or given up. Guarded by this. */
    private @Nullable Body body;

    /** Why the body is not read: what still comes of it is thrown away. Guarded by this. */
    private @Nullable ApiException refusal;

    private @Nullable ServletInputStream in;
    private volatile long moved;

    private BodyReading(Context ctx, RequestBodies bodies, long declared) {
        this.ctx = ctx;
        this.bodies = bodies;
        this.declared = declared;
        this.waitsForLeave = ctx.req().getHeader("Expect") != null;
        this.slowPeers = SlowPeers.of(ctx);
    }

    /**
     * Begins to read; the request is asynchronous already.
     *
     * @param declared the body's announced length; -1 when there is none
     * @return the body, for the caller to close; or what is wrong with it
     */
    static CompletableFuture<Body> start(Context ctx, RequestBodies bodies, long declared) {
        try {
            BodyReading reading = new BodyReading(ctx, bodies, declared);
            reading.begin();
            return reading.whole;
        } catch (IOException e) {
            return CompletableFuture.failedFuture(new UncheckedIOException(e));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void begin() throws IOException {
        if (declared > bodies.maxBytes()) {
            refuse(bodies.tooLarge(declared));
        } else {
            makeRoom();
        }
        if (!whole.isDone()) {
            slowPeers.watch(this);
            // Only now: it gives leave to send.
            ServletInputStream stream = ctx.req().getInputStream();
            in = stream;
            stream.setReadListener(this);
        }
    }

    private synchronized void makeRoom() {
        try {
            body = bodies.begun(declared);
        } catch (ApiException full) {
            refuse(full);
        }
    }

    private synchronized void refuse(ApiException why) {
        refusal = why;
        giveUpBody();
        if (waitsForLeave) {
            whole.completeExceptionally(why);
        }
    }

    private synchronized void giveUpBody() {
        Body given = body;
        if (given != null) {
            body = null;
            given.close();
        }
    }

    @Override
    public void onDataAvailable() throws IOException {
        ServletInputStream stream = Objects.requireNonNull(in);
        while (!whole.isDone() && stream.isReady() && !stream.isFinished()) {
            step(stream);
        }
    }

    private void step(ServletInputStream stream) throws IOException {
        Body finished = null;
        int read;
        synchronized (this) {
            read = body == null ? drain(stream) : fill(body, stream);
            if (body != null && body.isWhole()) {
                finished = body;
                body = null;
            }
        }
        if (finished != null) {
            pass(finished);
        } else if (read < 0) {
            onAllDataRead();
        } else if (moved > DRAINED_BYTES + bodies.maxBytes()) {
            endDrained();
        }
    }

    private int fill(Body filling, ServletInputStream stream) throws IOException {
        try {
            if (filling.isFull()) {
                filling.grow();
            }
        } catch (ApiException full) {
            refuse(full);
            return 0;
        }
        int read = filling.readFrom(stream);
        moved += Math.max(0, read);
        if (filling.isBeyondTheBound()) {
            refuse(bodies.tooLarge(declared));
        }
        return read;
    }

    private int drain(ServletInputStream stream) throws IOException {
        int read = stream.read(new byte[SINK_BYTES]);
        moved += Math.max(0, read);
        return read;
    }

    @Override
    public void onAllDataRead() {
        Body read;
        synchronized (this) {
            read = body;
            body = null;
        }
        if (read == null) {
            endDrained();
        } else if (declared >= 0 && read.length() < declared) {
            read.close();
            fail(RequestBodies.cutOff(moved, declared));
        } else {
            pass(read);
        }
    }

    private void endDrained() {
        ApiException why;
        synchronized (this) {
            why = refusal;
        }
        if (why != null) {
            fail(why);
        }
    }

    @Override
    public void onError(Throwable failure) {
        endDrained();
        // Unless it was refused already.
        fail(failure instanceof TimeoutException ? slow() : RequestBodies.cutOff(moved, declared));
    }

    private void pass(Body read) {
        slowPeers.leave(this);
        if (!whole.complete(read)) {
            read.close();
        }
    }

    private void fail(ApiException why) {
        giveUpBody();
        slowPeers.leave(this);
        whole.completeExceptionally(why);
    }

    private ApiException slow() {
        return new Problems.TooSlow("the body comes too slowly: " + moved + (declared < 0 ? "" : " of " + declared)
                + " bytes; after " + slowPeers.pace().grace().toSeconds() + " s it must have come at "
                + slowPeers.pace().bytesPerSecond() + " bytes a second");
    }

    @Override
    public long begunNanos() {
        return begunNanos;
    }

    @Override
    public long movedBytes() {
        return moved;
    }

    @Override
    public void tooSlow() {
        fail(slow());
    }
}
