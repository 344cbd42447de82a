package dev.tidemark.server.log.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.tail.Slice;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The source here has 100 records of 10 bytes in each partition. */
class ReadAheadTest {
    private static final int PARTITION = 7;
    private static final int RECORD_BYTES = 10;
    private static final long LOG_END = 100;

    private final List<Long> offsetsRead = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong nanos = new AtomicLong();
    private final ThreadPoolExecutor readers =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(10));
    private final ReadAhead ahead = new ReadAhead(this::read, readers, 1000, nanos::get);

    @AfterEach
    void stop() {
        readers.shutdownNow();
    }

    private LogReader.Read read(int partitionId, long offset, int maxRecords, int maxBytes) throws SQLException {
        offsetsRead.add(offset);
        if (offset == 90) {
            throw new SQLException("cannot be read");
        }
        int count = (int) Math.min(Math.min(maxRecords, maxBytes / RECORD_BYTES), LOG_END - offset);
        return new LogReader.Read(
                new LogReader.Range(0, partitionId, 0, LOG_END),
                List.of(new Slice(new byte[0], 0, 0)),
                count,
                count * RECORD_BYTES,
                offset + count);
    }

    /** Asks as a fetch does. */
    private long fetch(long offset, int maxRecords) throws SQLException {
        LogReader.Read read = ahead.take(PARTITION, offset, maxRecords, 500);
        if (read == null) {
            read = read(PARTITION, offset, maxRecords, 500);
        }
        ahead.follow(PARTITION, offset, read, maxRecords, 500);
        return read.nextOffset();
    }

    @Test
    void whoReadsAlongGetsWhatWasReadAhead() throws Exception {
        assertThat(fetch(0, 10)).isEqualTo(10);
        assertThat(ahead.holds(PARTITION, 10)).as("after one read").isFalse();
        assertThat(fetch(10, 10)).isEqualTo(20);

        assertThat(ahead.holds(PARTITION, 20)).as("after the second").isTrue();
        LogReader.Read read = ahead.take(PARTITION, 20, 10, 500);
        assertThat(read).isNotNull();
        assertThat(read.recordCount()).isEqualTo(10);
        assertThat(read.nextOffset()).isEqualTo(30);
        assertThat(offsetsRead).containsExactly(0L, 10L, 20L);
        assertThat(ahead.reservedBytes()).isZero();
    }

    @Test
    void whoJumpsAboutReadsNothingAhead() throws Exception {
        for (long offset : new long[] {0, 40, 20, 60}) {
            fetch(offset, 10);
        }

        assertThat(ahead.reservedBytes()).isZero();
        assertThat(offsetsRead).containsExactly(0L, 40L, 20L, 60L);
    }

    @Test
    void whatIsMoreThanTheFetchAllowsIsLeftForAnother() throws Exception {
        fetch(0, 10);
        fetch(10, 10);

        assertThat(ahead.take(PARTITION, 20, 9, 500)).as("fewer records").isNull();
        assertThat(ahead.take(PARTITION, 20, 10, 99)).as("fewer bytes").isNull();
        assertThat(ahead.take(PARTITION + 1, 20, 10, 500))
                .as("another partition")
                .isNull();
        assertThat(ahead.take(PARTITION, 20, 10, 500)).isNotNull();
        assertThat(ahead.take(PARTITION, 20, 10, 500)).as("a second time").isNull();
    }

    @Test
    void theLogEndIsNotReadBeyond() throws Exception {
        fetch(40, 30);
        fetch(70, 30);

        assertThat(ahead.holds(PARTITION, LOG_END)).isFalse();
        assertThat(ahead.reservedBytes()).isZero();
    }

    @Test
    void aFailedReadIsMadeAgainByTheFetchItself() throws Exception {
        fetch(70, 10);
        fetch(80, 10);

        assertThat(ahead.holds(PARTITION, 90)).isTrue();
        assertThat(ahead.take(PARTITION, 90, 10, 500)).isNull();
        assertThat(ahead.reservedBytes()).isZero();
    }

    @Test
    void nothingIsReadAheadWhileOthersWaitForAThread() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        readers.execute(() -> await(done));
        readers.execute(() -> {});
        fetch(0, 10);
        fetch(10, 10);

        assertThat(ahead.holds(PARTITION, 20)).isFalse();
        done.countDown();
    }

    @Test
    void aFetchDoesNotWaitForAThreadToReadWhatItWants() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        readers.execute(() -> await(done));
        fetch(0, 10);
        fetch(10, 10);

        assertThat(ahead.holds(PARTITION, 20)).isTrue();
        assertThat(ahead.take(PARTITION, 20, 10, 500)).isNotNull();
        done.countDown();
    }

    @Test
    void memoryIsBounded() throws Exception {
        ReadAhead small = new ReadAhead(this::read, readers, 350, nanos::get);
        for (int partition = 0; partition < 5; partition++) {
            for (long offset : new long[] {0, 10}) {
                small.follow(partition, offset, read(partition, offset, 10, 500), 10, 500);
            }
        }

        // Twice what came last, 200 bytes, is set aside for each.
        assertThat(small.reservedBytes()).isEqualTo(200);
        assertThat(small.holds(0, 20)).isTrue();
        assertThat(small.holds(1, 20)).isFalse();
    }

    @Test
    void whatNobodyAsksForIsDropped() throws Exception {
        fetch(0, 10);
        fetch(10, 10);
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(4));
        ahead.dropOld();
        assertThat(ahead.holds(PARTITION, 20)).isTrue();

        nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
        ahead.dropOld();
        assertThat(ahead.holds(PARTITION, 20)).isFalse();
        assertThat(ahead.reservedBytes()).isZero();
    }

    private static void await(CountDownLatch done) {
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
