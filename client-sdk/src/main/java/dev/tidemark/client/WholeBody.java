package dev.tidemark.client;

import java.io.IOException;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/**
 * Collects an answer's body into one array, made at once at the size the answer names: the JDK's own collector keeps every buffer and copies them together at the end.
 * Gives up when the body stops coming: the request's timeout ends with the answer's head.
 */
final class WholeBody implements BodySubscriber<byte[]> {
    /** A server that sends more is not one of ours. */
    private static final int MAX_BYTES = 512 << 20;

    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final Duration timeout;
    private byte[] bytes;
    private int length;

    private WholeBody(int expected, Duration timeout) {
        this.bytes = new byte[expected];
        this.timeout = timeout;
    }

    /** @param timeout from the answer's head to the end of its body */
    static BodyHandler<byte[]> handler(Duration timeout) {
        return info -> {
            long named = info.headers().firstValueAsLong("content-length").orElse(1024);
            return new WholeBody((int) Math.min(Math.max(named, 0), MAX_BYTES), timeout);
        };
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        whole.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).whenComplete((done, thrown) -> {
            if (thrown != null) {
                subscription.cancel();
            }
        });
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            int more = buffer.remaining();
            if (more > MAX_BYTES - length) {
                whole.completeExceptionally(new IOException("an answer of more than " + MAX_BYTES + " bytes"));
                return;
            }
            if (length + more > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(MAX_BYTES, Math.max(2L * bytes.length, length + more)));
            }
            buffer.get(bytes, length, more);
            length += more;
        }
    }

    @Override
    public void onError(Throwable thrown) {
        whole.completeExceptionally(thrown);
    }

    @Override
    public void onComplete() {
        whole.complete(length == bytes.length ? bytes : Arrays.copyOf(bytes, length));
    }
}
