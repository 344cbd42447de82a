package dev.tidemark.integration.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.server.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three worker processes, each with a member in three groups, at two servers behind a balancer over one PostgreSQL, while events are written and workers come, go, stand still and are killed, and
 * servers are killed. At the end: every record was handled; exactly once where the offset is committed together with the work; no partition had two owners; nobody committed what was not theirs;
 * committed offsets never went back.
 *
 * <p>One fault of each kind by default; {@code -Dtidemark.chaos=SECONDS} makes it faults at random for that long, {@code -Dtidemark.chaos.seed} the same ones again,
 * {@code -Dtidemark.chaos.events=FILE} real events, all of them at least. {@code target/group-chaos.txt} tells how long groups took to get over faults.
 */
class GroupChaosTest {
    private static final Duration CHAOS = Duration.ofSeconds(Long.getLong("tidemark.chaos", 0));
    private static final long SEED = Long.getLong("tidemark.chaos.seed", System.nanoTime());
    private static final Path REPORT = Path.of("target", "group-chaos.txt");

    private static final int SERVERS = 2;
    private static final int WORKERS = 3;
    private static final int PARTITIONS = 12;
    private static final int EVENTS_PER_SECOND = 1_000;
    private static final Duration RECOVERY_BOUND = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Random random = new Random(SEED);
    private final Events events = Events.load();
    private final List<ServerProcess> servers = new ArrayList<>();
    private final List<WorkerProcess> workers = new ArrayList<>();
    private final List<String> recoveries = new ArrayList<>();
    private int lastWorker;
    private volatile boolean finish;
    private EmbeddedPostgres postgres;
    private TcpBalancer balancer;
    private GroupHistory history;

    private enum Fault {
        KILLED_WORKER,
        STOPPED_WORKER,
        KILLED_SERVER,
        WORKER_LEFT,
        WORKER_JOINED
    }

    @BeforeEach
    void start() throws Exception {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        postgres = EmbeddedPostgres.start(folder.resolve("postgres"), Duration.ofSeconds(20), () -> {});
        for (int i = 0; i < SERVERS; i++) {
            servers.add(ServerProcess.startOver(postgres.jdbcUrl(), 0));
        }
        balancer = new TcpBalancer(servers.stream().map(ServerProcess::uri).toList());
        history = new GroupHistory(postgres.jdbcUrl());
        JsonClient client = new JsonClient(servers.get(0).http());
        client.createTopic(GroupWorker.INPUT, PARTITIONS, Map.of("key.type", "text", "value.type", "json"));
        client.createTopic(GroupWorker.OUTPUT, PARTITIONS, Map.of("key.type", "text", "value.type", "text"));
        history.execute("create table noted (partition int not null, record_offset bigint not null)");
        history.execute("create table file (path text primary key, change text not null, changes int not null)");
        for (int i = 0; i < WORKERS; i++) {
            startWorker();
        }
    }

    private void startWorker() throws IOException {
        workers.add(WorkerProcess.start("worker-" + ++lastWorker, balancer.address(), postgres.jdbcUrl()));
    }

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
        workers.forEach(WorkerProcess::close);
        if (history != null) {
            history.close();
        }
        if (balancer != null) {
            balancer.close();
        }
        servers.forEach(ServerProcess::close);
        if (postgres != null) {
            postgres.close();
        }
    }

    @Test
    void everyRecordIsHandledAndExactlyOnceWhereItIsCommittedWithTheWork() throws Exception {
        CompletableFuture<Long> writing = CompletableFuture.supplyAsync(this::write, threads);

        strikeAll();

        finish = true;
        long written = writing.get(10, TimeUnit.MINUTES);
        await("all groups read everything; seed " + SEED).atMost(RECOVERY_BOUND).until(this::isAllCommitted);
        report(written);

        assertThat(history.overlaps()).as("two owners at a time").isEmpty();
        assertThat(history.foreignCommits())
                .as("commits by others than the owner")
                .isEmpty();
        assertThat(history.backwardCommits()).as("commits below an earlier one").isEmpty();
        assertThat(history.rows("""
                        (select partition, record_offset from topic.input except select partition, record_offset from noted)
                        union all (select partition, record_offset from noted except select partition, record_offset from topic.input)
                        """)).as("records not handled").isEmpty();
        assertThat(history.rows("select value from topic.output order by value"))
                .isEqualTo(history.rows(
                        "select partition || '@' || record_offset as value from topic.input order by value"));
        assertThat(history.rows("select path, change, changes from file"))
                .containsExactlyInAnyOrderElementsOf(singlePass(written));
        for (String topic : List.of(GroupWorker.INPUT, GroupWorker.OUTPUT)) {
            assertThat(servers.get(0).brokenPromises(topic)).isEmpty();
        }
    }

    /** What one pass over the events leaves of each path: its last change, and how often it changed. */
    private List<String> singlePass(long written) {
        Map<String, String> last = new HashMap<>();
        Map<String, Integer> changes = new HashMap<>();
        for (long number = 0; number < written; number++) {
            Events.Event event = events.at(number);
            last.put(event.key(), GroupWorker.change(event.json()));
            changes.merge(event.key(), 1, Integer::sum);
        }
        return last.entrySet().stream()
                .map(path -> path.getKey() + " " + path.getValue() + " " + changes.get(path.getKey()))
                .toList();
    }

    private boolean isAllCommitted() throws SQLException {
        for (String group : GroupWorker.GROUPS) {
            if (history.lag(group) > 0) {
                return false;
            }
        }
        return true;
    }

    /** For whoever asked for a long run; nothing is asserted of times. */
    private void report(long written) throws IOException, SQLException {
        Files.writeString(
                REPORT,
                String.format(
                        "%d records, %d files, seed %d%n%s%n",
                        written,
                        history.number("select count(*) from file where change <> 'deleted'"),
                        SEED,
                        String.join("\n", recoveries)));
    }

    /** Writes events until it is time to finish, and at least each once. @return how many */
    private long write() {
        long written = 0;
        try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                .servers(balancer.address())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .deliveryTimeout(RECOVERY_BOUND)
                .requestTimeout(Duration.ofSeconds(5))
                .build()) {
            List<CompletableFuture<?>> sent = new ArrayList<>();
            long next = System.nanoTime();
            while (!finish || written < events.all().size()) {
                Events.Event event = events.at(written++);
                sent.add(producer.send(new ProducerRecord<>(GroupWorker.INPUT, event.key(), event.json())));
                if (sent.size() == EVENTS_PER_SECOND) {
                    sent.forEach(CompletableFuture::join);
                    sent.clear();
                }
                next += TimeUnit.SECONDS.toNanos(1) / EVENTS_PER_SECOND;
                LockSupport.parkNanos(next - System.nanoTime());
            }
            sent.forEach(CompletableFuture::join);
        }
        return written;
    }

    private void strikeAll() throws Exception {
        long end = System.nanoTime() + CHAOS.toNanos();
        List<Fault> faults = List.of(Fault.values());
        for (int i = 0; i < faults.size() || System.nanoTime() - end < 0; i++) {
            strike(i < faults.size() ? faults.get(i) : faults.get(random.nextInt(faults.size())));
        }
    }

    private void strike(Fault fault) throws Exception {
        awaitSettled();
        int victim = random.nextInt(workers.size());
        switch (fault) {
            case KILLED_WORKER -> {
                workers.remove(victim).kill();
                awaitProgress(fault.name(), GroupWorker.GROUPS);
                startWorker();
            }
            case STOPPED_WORKER -> {
                workers.get(victim).suspend();
                try {
                    // Its database transaction, if it is in the middle of one, holds up its own partitions in the last
                    // group.
                    awaitProgress(fault.name(), List.of(GroupWorker.NOTING, GroupWorker.PIPELINE));
                } finally {
                    workers.get(victim).resume();
                }
                awaitProgress("CONTINUED_WORKER", GroupWorker.GROUPS);
            }
            case KILLED_SERVER -> {
                int server = random.nextInt(SERVERS);
                int port = servers.get(server).uri().getPort();
                servers.get(server).kill();
                awaitProgress(fault.name(), GroupWorker.GROUPS);
                servers.set(server, ServerProcess.startOver(postgres.jdbcUrl(), port));
            }
            case WORKER_LEFT -> {
                // Two stay, so that the next fault, too, leaves one that can go on.
                if (workers.size() > 2) {
                    assertThat(workers.remove(victim).terminate()).isEqualTo(128 + 15);
                    awaitProgress(fault.name(), GroupWorker.GROUPS);
                }
            }
            case WORKER_JOINED -> {
                if (workers.size() <= WORKERS) {
                    startWorker();
                    awaitProgress(fault.name(), GroupWorker.GROUPS);
                }
            }
        }
    }

    /** Until every worker is a member of each group, and each partition is where it belongs. */
    private void awaitSettled() {
        await("settled, seed " + SEED)
                .atMost(RECOVERY_BOUND)
                .until(() -> history.settledGroups(workers.size()) == GroupWorker.GROUPS.size());
    }

    /** Until these groups have committed everything that was there when the fault struck. */
    private void awaitProgress(String fault, List<String> groups) throws SQLException {
        long struck = System.nanoTime();
        List<String> ends = history.ends();
        for (String group : groups) {
            await(group + " after " + fault + ", seed " + SEED)
                    .atMost(RECOVERY_BOUND)
                    .until(() -> history.hasReached(group, ends));
        }
        recoveries.add(
                String.format(Locale.ROOT, "%s: all over it after %.0f ms", fault, (System.nanoTime() - struck) / 1e6));
    }
}
