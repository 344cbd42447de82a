package dev.tidemark.client;

import java.net.http.HttpRequest.BodyPublisher;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;

/** A request body over the arrays the records were written into. Each buffer costs the client a write of its own, so small neighbours are copied together; large ones are sent as they are. */
final class ProduceBody implements BodyPublisher {
    private static final int SMALL_BYTES = 4096;
    private static final int JOINED_BYTES = 32 << 10;

    private final List<ByteBuffer> buffers;
    private final long length;

    private ProduceBody(List<ByteBuffer> buffers) {
        this.buffers = buffers;
        this.length = buffers.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    static ProduceBody of(List<Sent> batches) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            batches.get(i).batch().collect(buffers, i == 0 ? batches.size() : 0);
        }
        return new ProduceBody(joinSmall(buffers));
    }

    private static List<ByteBuffer> joinSmall(List<ByteBuffer> buffers) {
        List<ByteBuffer> joined = new ArrayList<>(buffers.size());
        ByteBuffer small = null;
        for (ByteBuffer buffer : buffers) {
            if (buffer.remaining() >= SMALL_BYTES) {
                small = null;
                joined.add(buffer);
            } else if (small != null && small.capacity() - small.limit() >= buffer.remaining()) {
                appendTo(small, buffer);
            } else {
                small = ByteBuffer.allocate(JOINED_BYTES).limit(0);
                joined.add(small);
                appendTo(small, buffer);
            }
        }
        return joined;
    }

    private static void appendTo(ByteBuffer small, ByteBuffer buffer) {
        int at = small.limit();
        small.limit(at + buffer.remaining());
        small.put(at, buffer, buffer.position(), buffer.remaining());
    }

    @Override
    public long contentLength() {
        return length;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
        subscriber.onSubscribe(new Pull(subscriber, buffers.iterator()));
    }

    /** Hands out buffers as they are asked for; asked again from within, it goes on without recursion. */
    private static final class Pull implements Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private final Iterator<ByteBuffer> buffers;
        private final AtomicLong wanted = new AtomicLong();
        private volatile boolean over;

        Pull(Flow.Subscriber<? super ByteBuffer> subscriber, Iterator<ByteBuffer> buffers) {
            this.subscriber = subscriber;
            this.buffers = buffers;
        }

        @Override
        public void request(long n) {
            if (wanted.getAndAccumulate(n, Pull::sum) > 0) {
                return;
            }
            do {
                if (!over && buffers.hasNext()) {
                    subscriber.onNext(buffers.next().duplicate());
                }
                if (!over && !buffers.hasNext()) {
                    over = true;
                    subscriber.onComplete();
                }
            } while (wanted.decrementAndGet() > 0);
        }

        private static long sum(long wanted, long more) {
            long sum = wanted + more;
            return sum < 0 ? Long.MAX_VALUE : sum;
        }

        @Override
        public void cancel() {
            over = true;
        }
    }
}
