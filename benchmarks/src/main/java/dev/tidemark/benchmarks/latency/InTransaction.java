package dev.tidemark.benchmarks.latency;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Workplace;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.OutboxProducer;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.TidemarkConsumer;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * The main behind {@code benchmarks/outbox}: how long a business transaction takes with and without a record produced in it, in turns, and how long after
 * COMMIT returned a waiting consumer has the record, in a steady flow and after a pause.
 */
public final class InTransaction {
    private static final int ACCOUNTS = 1_000;
    private static final int STEADY_RATE = 200;
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final int RECORDS_AFTER_PAUSES = 15;
    private static final int TIMED_BYTES = 100;
    private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final TidemarkServer server;
    private final OutboxProducer<byte[], byte[]> outbox =
            OutboxProducer.builder().build();
    private final String topic;

    private InTransaction(TidemarkServer server, String topic) {
        this.server = server;
        this.topic = topic;
    }

    /** {@code --rounds --seconds --work --tidemark}, all with defaults. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        Workplace workplace = Workplace.of(arguments, "outbox");
        try (TidemarkServer server = TidemarkServer.start(workplace.command(), workplace.folder())) {
            server.createTopic("business", 6);
            InTransaction benchmark = new InTransaction(server, "business");
            benchmark.makeAccounts();
            int seconds = arguments.number("seconds", 10);
            benchmark.transactions(true, 5);
            for (int round = 1; round <= arguments.number("rounds", 3); round++) {
                benchmark.overhead(round, seconds);
                print(round, "steady, " + STEADY_RATE + "/s: COMMIT to consumer", benchmark.steady(seconds));
                print(round, "after 2 s of nothing: COMMIT to consumer", benchmark.afterPauses());
            }
        }
    }

    private void makeAccounts() throws SQLException {
        try (Connection connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("create table account (id int primary key, balance bigint not null);"
                    + " create table entry (id bigint generated always as identity primary key, account int not null, amount int not null);"
                    + " insert into account select n, 0 from generate_series(0, " + (ACCOUNTS - 1) + ") n");
            connection.commit();
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = DriverManager.getConnection(server.jdbcUrl());
        connection.setAutoCommit(false);
        return connection;
    }

    /** An update, an insert and a COMMIT, as fast as one caller can. */
    private Histogram transactions(boolean produces, int seconds) throws SQLException {
        Histogram histogram = new Histogram(HIGHEST_NANOS, 3);
        try (Connection connection = connect();
                Business business = new Business(connection)) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            for (int n = 0; System.nanoTime() < end; n++) {
                long start = System.nanoTime();
                business.change(n % ACCOUNTS);
                if (produces) {
                    outbox.send(connection, new ProducerRecord<>(topic, key(n), new byte[TIMED_BYTES]));
                }
                connection.commit();
                histogram.recordValue(System.nanoTime() - start);
            }
        }
        return histogram;
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number % ACCOUNTS).array();
    }

    private void overhead(int round, int seconds) throws SQLException {
        Histogram plain = transactions(false, seconds);
        Histogram produced = transactions(true, seconds);
        print(round, "transaction without a record", plain);
        print(round, "the same with a record produced", produced);
        System.out.printf(
                Locale.ROOT,
                "round %d, %-42s %+.3f ms at the median, %.2f of the rate%n",
                round,
                "a record adds",
                (produced.getValueAtPercentile(50) - plain.getValueAtPercentile(50)) / 1e6,
                (double) produced.getTotalCount() / plain.getTotalCount());
    }

    private Histogram steady(int seconds) throws Exception {
        long intervalNanos = TimeUnit.SECONDS.toNanos(1) / STEADY_RATE;
        return timed(STEADY_RATE * seconds, intervalNanos);
    }

    private Histogram afterPauses() throws Exception {
        return timed(RECORDS_AFTER_PAUSES, PAUSE.toNanos());
    }

    /** From when COMMIT returned to when the consumer's poll did: one process, one clock. */
    private Histogram timed(int records, long intervalNanos) throws Exception {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try (TidemarkConsumer<byte[], byte[]> consumer = TidemarkConsumer.builder()
                        .servers(server.address())
                        .keyDeserializer(Deserializers.bytes())
                        .valueDeserializer(Deserializers.bytes())
                        .build();
                Connection connection = connect();
                Business business = new Business(connection)) {
            consumer.assign(consumer.partitionsFor(topic));
            long[] arrivedNanos = new long[records];
            long[] committedNanos = new long[records];
            AtomicInteger arrived = new AtomicInteger();
            consumer.seekToEnd(consumer.assignment());
            consumer.poll(Duration.ofMillis(100));
            Future<?> receiving = threads.submit(() -> receive(consumer, arrivedNanos, arrived));
            long start = System.nanoTime() + intervalNanos;
            for (int n = 0; n < records; n++) {
                parkUntil(start + n * intervalNanos);
                business.change(n % ACCOUNTS);
                byte[] value = ByteBuffer.allocate(TIMED_BYTES).putInt(n).array();
                outbox.send(connection, new ProducerRecord<>(topic, key(n), value));
                connection.commit();
                committedNanos[n] = System.nanoTime();
            }
            receiving.get(30, TimeUnit.SECONDS);
            return between(committedNanos, arrivedNanos);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void receive(TidemarkConsumer<byte[], byte[]> consumer, long[] arrivedNanos, AtomicInteger arrived) {
        while (arrived.get() < arrivedNanos.length && !Thread.currentThread().isInterrupted()) {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                byte[] value = record.value();
                if (value != null) {
                    arrivedNanos[ByteBuffer.wrap(value).getInt()] = System.nanoTime();
                    arrived.incrementAndGet();
                }
            });
        }
    }

    private static void parkUntil(long nanoTime) {
        for (long wait = nanoTime - System.nanoTime(); wait > 0; wait = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(wait);
        }
    }

    /** A record may be there before COMMIT's answer is: that counts as 0. */
    private static Histogram between(long[] committedNanos, long[] arrivedNanos) {
        Histogram histogram = new Histogram(HIGHEST_NANOS, 3);
        for (int n = Math.min(committedNanos.length / 10, STEADY_RATE); n < committedNanos.length; n++) {
            histogram.recordValue(Math.max(0, arrivedNanos[n] - committedNanos[n]));
        }
        return histogram;
    }

    private static void print(int round, String what, Histogram histogram) {
        double[] ms = Arrays.stream(new double[] {50, 99, 100})
                .map(percentile -> histogram.getValueAtPercentile(percentile) / 1e6)
                .toArray();
        System.out.printf(
                Locale.ROOT,
                "round %d, %-42s p50 %7.3f ms  p99 %7.3f ms  max %8.3f ms  n %d%n",
                round,
                what,
                ms[0],
                ms[1],
                ms[2],
                histogram.getTotalCount());
    }

    /** What the transaction is about. */
    private static final class Business implements AutoCloseable {
        private final PreparedStatement update;
        private final PreparedStatement insert;

        Business(Connection connection) throws SQLException {
            update = connection.prepareStatement("update account set balance = balance + 1 where id = ?");
            insert = connection.prepareStatement("insert into entry (account, amount) values (?, 1)");
        }

        void change(int account) throws SQLException {
            update.setInt(1, account);
            update.executeUpdate();
            insert.setInt(1, account);
            insert.executeUpdate();
        }

        @Override
        public void close() throws SQLException {
            update.close();
            insert.close();
        }
    }
}
