package dev.tidemark.benchmarks.group;

import dev.tidemark.benchmarks.measure.ProcessTable;
import dev.tidemark.benchmarks.system.LogSystem;
import dev.tidemark.benchmarks.system.TidemarkServer;
import java.io.IOException;
import java.net.http.HttpClient;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What many groups of three members cost that only say that they live: CPU of the server and of PostgreSQL, and what is written. */
final class Heartbeats {
    private static final String TOPIC = "heartbeats";
    private static final int MEMBERS = 3;
    private static final int THREADS = 16;
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(45);
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final TidemarkServer server;
    private final int groups;
    private final AtomicLong beats = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Heartbeats(TidemarkServer server, int groups) {
        this.server = server;
        this.groups = groups;
    }

    /** What PostgreSQL has counted, and the CPU used, until one moment. */
    private record Look(
            double cpuServer, double cpuPostgres, long transactions, long inserted, long updated, long deleted) {}

    void measure(int seconds) throws Exception {
        server.createTopic(TOPIC, MEMBERS);
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
        HttpClient http = HttpClient.newHttpClient();
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl())) {
            List<HttpMember> members = new ArrayList<>();
            for (int group = 0; group < groups; group++) {
                for (int i = 0; i < MEMBERS; i++) {
                    HttpMember member = new HttpMember(http, server.address(), "heartbeats-" + group);
                    members.add(member);
                    threads.execute(() -> begin(member, threads));
                }
            }
            awaitSettled(members);
            // What settling left behind is written out, and everybody is at the long interval.
            Thread.sleep(SESSION_TIMEOUT.toMillis() / 3);
            long beatsBefore = beats.get();
            Look before = look(connection);
            Thread.sleep(TimeUnit.SECONDS.toMillis(seconds));
            print(seconds, beats.get() - beatsBefore, before, look(connection));
        } finally {
            threads.shutdownNow();
        }
    }

    private void begin(HttpMember member, ScheduledExecutorService threads) {
        attempt(() -> member.join(TOPIC, SESSION_TIMEOUT), () -> next(member, threads));
    }

    private void next(HttpMember member, ScheduledExecutorService threads) {
        Runnable beat = () -> attempt(
                () -> {
                    member.heartbeat();
                    beats.incrementAndGet();
                },
                () -> next(member, threads));
        if (!threads.isShutdown()) {
            threads.schedule(beat, member.heartbeatInterval().toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private interface Call {
        void run() throws IOException, InterruptedException;
    }

    private void attempt(Call call, Runnable then) {
        try {
            call.run();
            then.run();
        } catch (IOException | RuntimeException e) {
            failure.compareAndSet(null, e);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitSettled(List<HttpMember> members) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!members.stream().allMatch(member -> member.isJoined() && member.assigned() == 1)) {
            Throwable failed = failure.get();
            if (failed != null || System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("the groups did not settle", failed);
            }
            Thread.sleep(100);
        }
    }

    private Look look(Connection connection) throws IOException, SQLException {
        LogSystem.Usage usage = server.usage(ProcessTable.read());
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select xact_commit, tup_inserted, tup_updated, tup_deleted from pg_stat_database where datname = current_database()
                        """)) {
            row.next();
            return new Look(
                    usage.serverCpuSeconds(),
                    usage.postgresCpuSeconds(),
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getLong(4));
        }
    }

    private void print(int seconds, long heard, Look before, Look after) {
        Throwable failed = failure.get();
        if (failed != null) {
            throw new IllegalStateException("a heartbeat failed", failed);
        }
        System.out.printf(
                Locale.ROOT,
                "heartbeats, %,d groups of %d members: %,.0f heartbeats/s; CPU of the server %.1f %% of a core, of PostgreSQL %.1f %%; %.1f database transactions/s; rows/s: %.2f inserted, %.2f updated, %.2f deleted%n",
                groups,
                MEMBERS,
                (double) heard / seconds,
                100 * (after.cpuServer() - before.cpuServer()) / seconds,
                100 * (after.cpuPostgres() - before.cpuPostgres()) / seconds,
                (double) (after.transactions() - before.transactions()) / seconds,
                (double) (after.inserted() - before.inserted()) / seconds,
                (double) (after.updated() - before.updated()) / seconds,
                (double) (after.deleted() - before.deleted()) / seconds);
    }
}
