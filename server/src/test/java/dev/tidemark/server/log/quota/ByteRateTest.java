package dev.tidemark.server.log.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ByteRateTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);
    private final ByteRate rate = new ByteRate(1_000, now::get);

    @Test
    void aSecondsWorthPassesAtOnceAndTheNextOneWaitsForItsTurn() {
        assertThat(rate.take(600)).isZero();
        assertThat(rate.take(600)).isZero();
        assertThat(rate.take(1)).isEqualTo(Duration.ofMillis(200));
        pass(Duration.ofMillis(199));
        assertThat(rate.take(1)).isEqualTo(Duration.ofMillis(1));
        pass(Duration.ofMillis(1));
        assertThat(rate.take(1)).isZero();
    }

    @Test
    void aLargeRequestPassesAndThoseAfterItPayForIt() {
        assertThat(rate.take(5_000)).isZero();
        assertThat(rate.take(1)).isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void aPauseIsWorthOneSecondAndNoMore() {
        assertThat(rate.take(1_000)).isZero();
        pass(Duration.ofHours(1));
        assertThat(rate.take(1_000)).isZero();
        assertThat(rate.take(1)).isZero();
        assertThat(rate.take(1)).isEqualTo(Duration.ofMillis(1));
    }

    @Test
    void whateverIsAskedForNoMoreThanTheRatePassesInTheLongRun() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long taken = 0;
        for (int step = 0; step < 100_000; step++) {
            int bytes = random.nextInt(300);
            if (rate.take(bytes).isZero()) {
                taken += bytes;
            }
            pass(Duration.ofMillis(random.nextInt(20)));
        }
        double seconds = (now.get() - (Long.MAX_VALUE - 5_000_000_000L)) / 1e9;
        assertThat((double) taken).as("seed %s", seed).isBetween(seconds * 990, seconds * 1_000 + 1_300);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }
}
