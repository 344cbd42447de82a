package dev.tidemark.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The folder an embedded PostgreSQL lives in, held by one server at a time.
 *
 * <pre>
 * bin/       PostgreSQL's programs
 * postgres/  PostgreSQL's data directory
 * log/       what PostgreSQL writes, one file a weekday
 * password   of the roles tidemark and postgres
 * port       on 127.0.0.1, chosen once
 * lock, pid  of the server that holds the folder
 * </pre>
 */
final class DataFolder implements AutoCloseable {
    /** A file lock binds processes only, and closing any channel on the file gives it up: within a process this set stands for it. */
    private static final Set<Path> HELD_BY_THIS_PROCESS = ConcurrentHashMap.newKeySet();

    private final Path root;
    private final FileChannel lock;

    private DataFolder(Path root, FileChannel lock) {
        this.root = root;
        this.lock = lock;
    }

    /** @throws EmbeddedPostgresException when another live server holds the folder */
    static DataFolder hold(Path folder) throws IOException {
        boolean made = Files.notExists(folder);
        Files.createDirectories(folder);
        Path root = folder.toRealPath();
        if (made) {
            // Others may pass through: as root, PostgreSQL runs as somebody else. What is secret in here is so by
            // itself.
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
        }
        if (!HELD_BY_THIS_PROCESS.add(root)) {
            throw heldByAnother(root, ProcessHandle.current().pid() + "");
        }
        FileChannel lock = null;
        try {
            lock = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (lock.tryLock() == null) {
                throw heldByAnother(root, readOr(root.resolve("pid"), "unknown"));
            }
            write(root.resolve("pid"), Long.toString(ProcessHandle.current().pid()));
            return new DataFolder(root, lock);
        } catch (IOException | RuntimeException failure) {
            if (lock != null) {
                lock.close();
            }
            HELD_BY_THIS_PROCESS.remove(root);
            throw failure;
        }
    }

    private static EmbeddedPostgresException heldByAnother(Path root, String pid) {
        return new EmbeddedPostgresException("another server (process " + pid + ") is using " + root
                + ": stop it, or give this one a folder of its own with TIDEMARK_DATA_DIR");
    }

    Path binaries() {
        return root.resolve("bin");
    }

    Path data() {
        return root.resolve("postgres");
    }

    Path log() {
        return root.resolve("log");
    }

    Path root() {
        return root;
    }

    /** The password; made at the first call. */
    String password() throws IOException {
        Path file = root.resolve("password");
        if (Files.notExists(file)) {
            if (Files.exists(data())) {
                throw new EmbeddedPostgresException(file + " is missing, and without it nobody gets into " + data());
            }
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            write(file, HexFormat.of().formatHex(random));
        }
        return Files.readString(file).strip();
    }

    OptionalInt port() throws IOException {
        String port = readOr(root.resolve("port"), "");
        try {
            return port.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(port));
        } catch (NumberFormatException notOurs) {
            throw new EmbeddedPostgresException(
                    root.resolve("port") + " holds \"" + port + "\", which is no port number", notOurs);
        }
    }

    void rememberPort(int port) throws IOException {
        write(root.resolve("port"), Integer.toString(port));
    }

    private static String readOr(Path file, String otherwise) throws IOException {
        return Files.exists(file) ? Files.readString(file).strip() : otherwise;
    }

    /** Writes a file only its owner may read, wholly or not at all. */
    static void write(Path file, String content) throws IOException {
        Path halfway = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(halfway);
        var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        try (FileChannel channel =
                FileChannel.open(halfway, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly)) {
            ByteBuffer bytes = ByteBuffer.wrap((content + "\n").getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(halfway, file, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        try {
            Files.deleteIfExists(root.resolve("pid"));
        } finally {
            lock.close();
            HELD_BY_THIS_PROCESS.remove(root);
        }
    }
}
