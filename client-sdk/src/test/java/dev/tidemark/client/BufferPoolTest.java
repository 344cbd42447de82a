package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BufferPoolTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Runnable NOTHING = () -> {};

    /** The common pool may have but one thread. */
    private static final Executor A_THREAD_EACH = task -> new Thread(task).start();

    private final BufferPool pool = new BufferPool(1000, 100);

    @Test
    void chunksOfTheUsualSizeAreUsedAgain() {
        Chunk first = pool.acquire(40, LONG, NOTHING);
        assertThat(first.bytes).hasSize(100);
        pool.release(first, true);
        assertThat(pool.acquire(100, LONG, NOTHING).bytes).isSameAs(first.bytes);
    }

    @Test
    void whatMayStillBeReadIsNotUsedAgain() {
        Chunk first = pool.acquire(40, LONG, NOTHING);
        pool.release(first, false);
        assertThat(pool.acquire(40, LONG, NOTHING).bytes).isNotSameAs(first.bytes);
        assertThat(pool.usedBytes()).isEqualTo(100);
    }

    @Test
    void aLargeChunkIsOfItsOwnSizeAndNotKept() {
        Chunk large = pool.acquire(700, LONG, NOTHING);
        assertThat(large.bytes).hasSize(700);
        assertThat(pool.usedBytes()).isEqualTo(700);
        pool.release(large, true);
        assertThat(pool.usedBytes()).isZero();
    }

    @Test
    void pastItsBoundItFailsInTimeAndSaysWhy() {
        pool.acquire(950, LONG, NOTHING);
        assertThatExceptionOfType(BufferExhaustedException.class)
                .isThrownBy(() -> pool.acquire(60, Duration.ofMillis(10), NOTHING))
                .withMessageContaining("no room for 100 bytes within 10 ms: 950 of 1000");
        assertThat(pool.isExhausted()).isFalse();
    }

    @Test
    void aLargeRecordThatWaitsIsNotOvertakenBySmallOnes() throws InterruptedException {
        Chunk held = pool.acquire(500, LONG, NOTHING);
        CountDownLatch largeWaits = new CountDownLatch(1);
        CompletableFuture<Chunk> large =
                CompletableFuture.supplyAsync(() -> pool.acquire(800, LONG, largeWaits::countDown), A_THREAD_EACH);
        largeWaits.await();
        CountDownLatch smallWaits = new CountDownLatch(1);
        CompletableFuture<Chunk> small =
                CompletableFuture.supplyAsync(() -> pool.acquire(100, LONG, smallWaits::countDown), A_THREAD_EACH);
        // There is room for it, but the large one was first.
        smallWaits.await();
        assertThat(pool.isExhausted()).isTrue();
        assertThat(small).isNotDone();
        pool.release(held, true);
        assertThat(large.join().bytes).hasSize(800);
        assertThat(small.join().bytes).hasSize(100);
        assertThat(pool.usedBytes()).isEqualTo(900);
    }
}
