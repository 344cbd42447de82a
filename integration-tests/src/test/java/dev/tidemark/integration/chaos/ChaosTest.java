package dev.tidemark.integration.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.RecordMetadata;
import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.server.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two servers over one PostgreSQL, behind a balancer, and writers and readers that go on while one part after the other fails. Every acknowledged record is in the
 * log once and in order, and {@code tidemark.verify} has nothing to say.
 *
 * <p>One fault of each kind by default; {@code -Dtidemark.chaos=SECONDS} makes it faults at random for that long, {@code -Dtidemark.chaos.seed} the same ones again,
 * {@code -Dtidemark.chaos.events=FILE} real events. {@code target/chaos.txt} tells how long clients took to get over them.
 */
class ChaosTest {
    private static final Duration CHAOS = Duration.ofSeconds(Long.getLong("tidemark.chaos", 0));
    private static final long SEED = Long.getLong("tidemark.chaos.seed", System.nanoTime());

    private static final Path REPORT = Path.of("target", "chaos.txt");

    private static final int SERVERS = 2;
    private static final int WRITERS = 2;
    private static final int READERS = 2;
    private static final int PARTITIONS = 6;
    private static final int RECORDS_PER_SECOND = 500;

    /** A fault strikes once so many more records were acknowledged, at most, all writers together. */
    private static final int MOST_RECORDS_BETWEEN = 3_000;

    private static final Duration RECOVERY_BOUND = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Random random = new Random(SEED);
    private final Recoveries recoveries = new Recoveries();
    private final List<ServerProcess> servers = new ArrayList<>();
    private final List<EventWriter> writers = new ArrayList<>();
    private final List<EventReader> readers = new ArrayList<>();
    private final List<CompletableFuture<Void>> clients = new ArrayList<>();
    private EmbeddedPostgres postgres;
    private TcpBalancer balancer;

    private enum Fault {
        KILLED_SERVER,
        STOPPED_SERVER,
        KILLED_POSTGRES,
        CUT_CONNECTIONS
    }

    @BeforeEach
    void start() throws IOException {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        postgres = EmbeddedPostgres.start(folder.resolve("postgres"), Duration.ofSeconds(20), () -> {});
        for (int i = 0; i < SERVERS; i++) {
            servers.add(ServerProcess.startOver(postgres.jdbcUrl(), 0));
        }
        balancer = new TcpBalancer(servers.stream().map(ServerProcess::uri).toList());
    }

    @AfterEach
    void stop() throws IOException {
        threads.shutdownNow();
        if (balancer != null) {
            balancer.close();
        }
        servers.forEach(ServerProcess::close);
        if (postgres != null) {
            postgres.close();
        }
    }

    @Test
    void everyAcknowledgedRecordIsThereOnceAndInOrderWhateverFails() throws Exception {
        Events events = Events.load();
        new JsonClient(servers.get(0).http())
                .createTopic("events", PARTITIONS, Map.of("key.type", "text", "value.type", "json"));
        List<CompletableFuture<Void>> reading = startReaders(events);
        List<CompletableFuture<Void>> writing = startWriters(events);
        clients.addAll(reading);
        clients.addAll(writing);

        strikeAll();

        writers.forEach(EventWriter::finish);
        writing.forEach(CompletableFuture::join);
        long written =
                writers.stream().mapToLong(writer -> writer.places().size()).sum();
        readers.forEach(reader -> reader.finishAfter(written));
        reading.forEach(CompletableFuture::join);
        report(written);

        for (EventReader reader : readers) {
            assertThat(reader.seen()).isEqualTo(written);
            for (int writer = 0; writer < WRITERS; writer++) {
                assertThat(reader.places(writer)).isEqualTo(acknowledged(writers.get(writer)));
            }
        }
        assertThat(servers.get(0).brokenPromises("events")).isEmpty();
    }

    /** For whoever asked for a long run; nothing is asserted of times. */
    private void report(long records) throws IOException {
        Files.writeString(REPORT, String.format("%d records, seed %d%n%s%n", records, SEED, recoveries.summary()));
    }

    private static Map<Integer, String> acknowledged(EventWriter writer) {
        Map<Integer, String> places = new HashMap<>();
        List<RecordMetadata> told = writer.places();
        for (int number = 0; number < told.size(); number++) {
            places.put(
                    number,
                    told.get(number).partition() + "@" + told.get(number).offset());
        }
        return places;
    }

    private List<CompletableFuture<Void>> startReaders(Events events) {
        for (int i = 0; i < READERS; i++) {
            readers.add(new EventReader("reader-" + i, balancer.address(), "events", events, recoveries));
        }
        return readers.stream()
                .map(reader -> CompletableFuture.runAsync(reader, threads))
                .toList();
    }

    private List<CompletableFuture<Void>> startWriters(Events events) {
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new EventWriter(i, balancer.address(), "events", events, RECORDS_PER_SECOND, recoveries));
        }
        return writers.stream()
                .map(writer -> CompletableFuture.runAsync(writer, threads))
                .toList();
    }

    private void strikeAll() throws Exception {
        long end = System.nanoTime() + CHAOS.toNanos();
        List<Fault> faults = List.of(Fault.values());
        for (int i = 0; i < faults.size() || System.nanoTime() - end < 0; i++) {
            awaitMoreRecords(1 + random.nextInt(MOST_RECORDS_BETWEEN));
            strike(i < faults.size() ? faults.get(i) : faults.get(random.nextInt(faults.size())));
        }
        awaitMoreRecords(MOST_RECORDS_BETWEEN);
    }

    private void awaitMoreRecords(int records) {
        long before = allAcknowledged();
        await().atMost(RECOVERY_BOUND).until(() -> {
            failWithClients();
            return allAcknowledged() >= before + records;
        });
    }

    private long allAcknowledged() {
        return writers.stream().mapToLong(EventWriter::acknowledged).sum();
    }

    private void strike(Fault fault) throws Exception {
        int victim = random.nextInt(SERVERS);
        switch (fault) {
            case KILLED_SERVER -> {
                int port = servers.get(victim).uri().getPort();
                servers.get(victim).kill();
                awaitRecovery(fault);
                servers.set(victim, ServerProcess.startOver(postgres.jdbcUrl(), port));
            }
            case STOPPED_SERVER -> {
                servers.get(victim).suspend();
                try {
                    awaitRecovery(fault);
                } finally {
                    servers.get(victim).resume();
                }
            }
            case KILLED_POSTGRES -> {
                killPostgres();
                awaitRecovery(fault);
            }
            case CUT_CONNECTIONS -> {
                balancer.cutAll();
                awaitRecovery(fault);
            }
        }
    }

    /** The server that brings it along starts it again. */
    private void killPostgres() throws IOException {
        Path pidFile = folder.resolve("postgres/postgres/postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(pidFile).get(0).strip());
        assertThat(ProcessHandle.of(pid))
                .get()
                .satisfies(
                        postmaster -> assertThat(postmaster.destroyForcibly()).isTrue());
    }

    private void awaitRecovery(Fault fault) {
        Recoveries.Strike strike = recoveries.struck(fault.name());
        List<String> names = Stream.concat(
                        writers.stream().map(EventWriter::name),
                        readers.stream().map(EventReader::name))
                .toList();
        await("seed " + SEED).atMost(RECOVERY_BOUND).until(() -> {
            failWithClients();
            return strike.isOverFor(names);
        });
    }

    /** A client that has given up says why; waiting for it would only say that nothing came. */
    private void failWithClients() {
        clients.stream().filter(CompletableFuture::isCompletedExceptionally).forEach(CompletableFuture::join);
    }
}
