package dev.tidemark.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server that was killed left of its PostgreSQL: running processes, or a pid file whose process is gone.
 *
 * <p>Whoever calls holds the {@link DataFolder}, so no live server needs these processes. PostgreSQL guards its data directory against a second
 * start by itself; this is so that the guard does not stand in the way of a restart for longer than it must.
 */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final Path PROC = Path.of("/proc");

    /** A fast shutdown writes a checkpoint; with our settings that is at most 256 MiB. */
    private static final Duration FAST_SHUTDOWN = Duration.ofSeconds(60);

    private static final Duration BACKENDS_NOTICE = Duration.ofSeconds(5);
    private static final Duration KILLED = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(20);

    private final Path data;
    private final PostgresAccount account;
    private final Path pidFile;

    Leftovers(Path data, PostgresAccount account) {
        this.data = data;
        this.account = account;
        this.pidFile = data.resolve("postmaster.pid");
    }

    /**
     * Leaves no process of this data directory behind, nor a pid file that names somebody else's.
     *
     * @throws EmbeddedPostgresException when a process does not go
     */
    void clear() throws IOException {
        stopOrphan();
        stopBackends();
        deleteStalePidFile();
    }

    /** A postmaster whose server is gone: stopped rather than adopted, for its settings and its life are not in our hands. */
    private void stopOrphan() throws IOException {
        Optional<Long> recorded = recordedPid();
        if (recorded.isEmpty() || !isOurPostmaster(recorded.get())) {
            return;
        }
        long pid = recorded.get();
        LOG.info("stopping orphaned postgres pid={}", pid);
        for (String signal : List.of("INT", "QUIT", "KILL")) {
            Command.signal(pid, signal);
            if (await(() -> !isOurPostmaster(pid), signal.equals("INT") ? FAST_SHUTDOWN : KILLED)) {
                return;
            }
        }
        throw new EmbeddedPostgresException("process " + pid + " is a PostgreSQL on " + data + " and does not stop");
    }

    /** Backends outlive a killed postmaster until they notice, and until then hold the memory a new one must not share. */
    private void stopBackends() throws IOException {
        if (await(() -> processes().isEmpty(), BACKENDS_NOTICE)) {
            return;
        }
        for (String signal : List.of("QUIT", "KILL")) {
            processes().forEach(pid -> Command.signal(pid, signal));
            if (await(() -> processes().isEmpty(), KILLED)) {
                return;
            }
        }
        throw new EmbeddedPostgresException("processes " + processes() + " still use " + data);
    }

    /**
     * A process number is used again, most of all in a container, and one that nobody waits for stays a zombie: PostgreSQL then takes the file's
     * process for alive and will not start. Only where we can see that nothing of this data directory runs.
     */
    private void deleteStalePidFile() throws IOException {
        if (Files.isDirectory(PROC) && recordedPid().isPresent() && processes().isEmpty()) {
            Files.deleteIfExists(pidFile);
        }
    }

    private Optional<Long> recordedPid() throws IOException {
        try {
            return Files.readString(pidFile).lines().findFirst().map(line -> Long.parseLong(line.strip()));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (NumberFormatException halfWritten) {
            return Optional.empty();
        }
    }

    private boolean isOurPostmaster(long pid) {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .flatMap(process -> process.info().arguments())
                .filter(arguments -> Arrays.asList(arguments).contains(data.toString()))
                .isPresent();
    }

    /** Processes that stand in the data directory, as every one of PostgreSQL's does. Zombies stand nowhere. */
    private List<Long> processes() {
        List<Long> found = new ArrayList<>();
        if (!Files.isDirectory(PROC)) {
            return found;
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (standsInData(process)) {
                    found.add(Long.parseLong(process.getFileName().toString()));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return found;
    }

    private boolean standsInData(Path process) {
        Path link = process.resolve("cwd");
        try {
            return Files.readSymbolicLink(link).equals(data);
        } catch (AccessDeniedException hidden) {
            return ownedAsData(process) && standsInDataSeenAsOwner(link);
        } catch (IOException gone) {
            return false;
        }
    }

    private boolean ownedAsData(Path process) {
        try {
            return Files.getAttribute(process, "unix:uid").equals(Files.getAttribute(data, "unix:uid"));
        } catch (IOException gone) {
            return false;
        }
    }

    /** A container's root may not look at other users' processes, but they may look at their own. */
    private boolean standsInDataSeenAsOwner(Path link) {
        Command.Result seen = Command.run(account.command(List.of("readlink", link.toString())));
        return seen.succeeded() && seen.lastLine().equals(data.toString());
    }

    private static boolean await(BooleanSupplier condition, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return true;
    }
}
