package dev.tidemark.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EmbeddedPostgresTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static Path binaries;

    @TempDir
    Path temporary;

    private Path folder;

    /** Unpacked once: three seconds that only the first start is to spend. */
    @BeforeAll
    static void unpack(@TempDir Path shared) throws IOException {
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
        binaries = Files.createDirectory(shared.resolve("bin"));
        PostgresBinaries.unpack(binaries);
    }

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createDirectory(temporary.resolve("tidemark-data"));
        Files.createSymbolicLink(folder.resolve("bin"), binaries);
    }

    @AfterEach
    void unlinkBinaries() throws IOException {
        Files.deleteIfExists(temporary.resolve("tidemark-data/bin"));
    }

    /** Whatever a test did to its processes, none may be left. */
    @AfterEach
    void nothingIsLeftRunning() {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(processesIn(folder)).isEmpty());
    }

    @Test
    void restartKeepsRecordsPasswordAndPort() throws SQLException {
        String firstUrl;
        try (EmbeddedPostgres postgres = start()) {
            firstUrl = postgres.jdbcUrl();
            execute(firstUrl, "create table kept as select 42 as value");
        }
        try (EmbeddedPostgres postgres = start()) {
            assertThat(postgres.jdbcUrl()).isEqualTo(firstUrl);
            assertThat(query(firstUrl, "select value from kept")).isEqualTo("42");
        }
    }

    @Test
    void isDurableAndKeepsToItself() throws SQLException {
        try (EmbeddedPostgres postgres = start()) {
            String settings =
                    "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in"
                            + " ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories',"
                            + " 'data_checksums', 'jit')";
            assertThat(query(postgres.jdbcUrl(), settings))
                    .isEqualTo("data_checksums=on fsync=on full_page_writes=on jit=off listen_addresses=127.0.0.1"
                            + " synchronous_commit=on");
            assertThat(query(postgres.jdbcUrl(), "show server_encoding")).isEqualTo("UTF8");
            assertThat(query(postgres.jdbcUrl(), "select rolsuper from pg_roles where rolname = current_user"))
                    .isEqualTo("f");
            String wrongPassword = postgres.jdbcUrl().replaceAll("password=.*", "password=wrong");
            assertThatThrownBy(() -> query(wrongPassword, "select 1")).hasMessageContaining("authentication failed");
        }
    }

    @Test
    void settingsInPostgresqlConfWinButNotOverDurability() throws Exception {
        start().close();
        Files.writeString(
                folder.resolve("postgres/postgresql.conf"),
                "include = 'tidemark.conf'\nfsync = off\nmax_connections = 42\n");
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "show max_connections")).isEqualTo("42");
            assertThat(query(postgres.jdbcUrl(), "show fsync")).isEqualTo("on");
        }
    }

    @Test
    void killedPostgresIsStartedAgainAndKeepsWhatWasCommitted() throws Exception {
        try (EmbeddedPostgres postgres = start()) {
            execute(postgres.jdbcUrl(), "create table kept as select 42 as value");
            long killed = postmaster(folder);
            Command.signal(killed, "KILL");
            await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
                assertThat(postmaster(folder)).isNotEqualTo(killed);
                assertThat(query(postgres.jdbcUrl(), "select value from kept")).isEqualTo("42");
            });
        }
    }

    @Test
    void killedServerTakesItsPostgresWithIt() throws Exception {
        assumeTrue(Command.run(List.of("setpriv", "--pdeathsig", "INT", "true")).succeeded());
        try (EmbeddedPostgresProcess process = EmbeddedPostgresProcess.start(folder)) {
            execute(process.jdbcUrl(), "create table kept as select 42 as value");
            process.kill();
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(processesIn(folder)).isEmpty());
        }
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "select value from kept")).isEqualTo("42");
        }
    }

    @Test
    void restartRightAfterTheServerWasKilledWorks() throws Exception {
        try (EmbeddedPostgresProcess process = EmbeddedPostgresProcess.start(folder)) {
            execute(process.jdbcUrl(), "create table kept as select 42 as value");
            process.kill();
            try (EmbeddedPostgres postgres = start()) {
                assertThat(query(postgres.jdbcUrl(), "select value from kept")).isEqualTo("42");
            }
        }
    }

    @Test
    void restartRightAfterServerAndPostgresWereKilledWorks() throws Exception {
        try (EmbeddedPostgresProcess process = EmbeddedPostgresProcess.start(folder)) {
            execute(process.jdbcUrl(), "create table kept as select 42 as value");
            Command.signal(postmaster(folder), "KILL");
            process.kill();
            try (EmbeddedPostgres postgres = start()) {
                assertThat(query(postgres.jdbcUrl(), "select value from kept")).isEqualTo("42");
            }
        }
    }

    @Test
    void orphanThatOutlivedItsServerIsStopped() throws Exception {
        start().close();
        Process orphan = startBare();
        try (EmbeddedPostgres postgres = start()) {
            assertThat(orphan.waitFor()).isZero();
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
        } finally {
            orphan.destroyForcibly();
        }
    }

    @Test
    void pidFileThatNamesSomebodyElsesProcessIsNoObstacle() throws Exception {
        start().close();
        String somebody = Long.toString(ProcessHandle.current().pid());
        Files.writeString(folder.resolve("postgres/postmaster.pid"), somebody + "\n");
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
        }
    }

    @Test
    void secondServerOnTheFolderIsRefused() throws IOException {
        try (EmbeddedPostgresProcess process = EmbeddedPostgresProcess.start(folder)) {
            assertThatThrownBy(this::start)
                    .isInstanceOf(EmbeddedPostgresException.class)
                    .hasMessageContaining("another server (process ")
                    .hasMessageContaining(folder.toString())
                    .hasMessageContaining("TIDEMARK_DATA_DIR");
        }
    }

    @Test
    void secondServerOfTheSameProcessIsRefusedAndTheFirstKeepsTheFolder() {
        try (EmbeddedPostgres postgres = start()) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(this::start).isInstanceOf(EmbeddedPostgresException.class);
            }
            assertThatThrownBy(() -> EmbeddedPostgresProcess.start(folder)).hasMessageContaining("another server");
            assertThat(postgres.libpqUri()).startsWith("postgresql://tidemark:");
        }
    }

    @Test
    void portSomebodyElseTookIsLeftToThem() throws Exception {
        start().close();
        int remembered =
                Integer.parseInt(Files.readString(folder.resolve("port")).strip());
        try (var taken = new ServerSocket(remembered, 1, InetAddress.getByName("127.0.0.1"));
                EmbeddedPostgres postgres = start()) {
            assertThat(taken.isBound()).isTrue();
            assertThat(postgres.jdbcUrl()).doesNotContain(":" + remembered + "/");
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
        }
    }

    @Test
    void dataOfAnotherMajorVersionIsRefusedInOneLine() throws Exception {
        start().close();
        Files.writeString(folder.resolve("postgres/PG_VERSION"), "12\n");
        assertThatThrownBy(this::start)
                .isInstanceOf(EmbeddedPostgresException.class)
                .hasMessageContaining("was made by PostgreSQL 12")
                .hasMessageNotContaining("\n");
    }

    @Test
    void brokenDataIsRefusedInPostgresWords() throws Exception {
        start().close();
        Files.delete(folder.resolve("postgres/global/pg_control"));
        assertThatThrownBy(this::start)
                .isInstanceOf(EmbeddedPostgresException.class)
                .hasMessageContaining("PostgreSQL did not start")
                .hasMessageNotContaining("\n");
    }

    @Test
    void secretsAreTheOwnersOnly() throws Exception {
        start().close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("password"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("postgres"))))
                .isEqualTo("rwx------");
    }

    @Test
    void rootsPostgresRunsAsNobodyWhereNobodyCanReachTheFolder() throws Exception {
        assumeTrue(isRoot());
        makeReachable();
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
            assertThat(Files.getAttribute(Path.of("/proc/" + postmaster(folder)), "unix:uid"))
                    .isEqualTo(65534);
        }
    }

    @Test
    void folderMovesBetweenReachableAndHidden() throws Exception {
        assumeTrue(isRoot());
        makeReachable();
        start().close();
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx------"));
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
        }
        makeReachable();
        try (EmbeddedPostgres postgres = start()) {
            assertThat(query(postgres.jdbcUrl(), "select 1")).isEqualTo("1");
        }
    }

    @Test
    void runsAsAnOrdinaryUser() throws Exception {
        assumeTrue(isRoot(), "every other test does where the build is run by one");
        makeReachable();
        folder = temporary.resolve("own");
        Files.setAttribute(temporary, "unix:uid", 65534);
        List<String> nobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        try (EmbeddedPostgresProcess process = EmbeddedPostgresProcess.start(folder, nobody, reachableClassPath())) {
            assertThat(query(process.jdbcUrl(), "select 1")).isEqualTo("1");
            assertThat(Files.getAttribute(folder, "unix:uid")).isEqualTo(65534);
        }
    }

    private EmbeddedPostgres start() {
        return EmbeddedPostgres.start(folder, PATIENCE, () -> {});
    }

    /** PostgreSQL as a server leaves it that could not tie it to its life. */
    private Process startBare() throws Exception {
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.toRealPath().resolve("bin"));
        PostgresAccount account = PostgresAccount.choose(binaries);
        List<String> command = new ArrayList<>(List.of(
                binaries.postgres().toString(),
                "-D",
                folder.resolve("postgres").toRealPath().toString()));
        command.addAll(PostgresSettings.fixed(
                Integer.parseInt(Files.readString(folder.resolve("port")).strip())));
        Process process = Command.start(account.command(command), temporary.resolve("orphan.log"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(folder.resolve("postgres/postmaster.pid"))
                        .as(() -> said(temporary.resolve("orphan.log")))
                        .exists());
        return process;
    }

    private static String said(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException nothing) {
            return nothing.toString();
        }
    }

    private void makeReachable() throws IOException {
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Root's files are not nobody's to read. */
    private String reachableClassPath() throws IOException {
        Path copies = Files.createDirectory(temporary.resolve("classes"));
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path copy = copies.resolve(Integer.toString(entries.size()) + (entry.endsWith(".jar") ? ".jar" : ""));
            copyTree(Path.of(entry), copy);
            entries.add(copy.toString());
        }
        return String.join(File.pathSeparator, entries);
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.exists(from) ? Files.walk(from) : Stream.empty()) {
            for (Path path : paths.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()), LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    private static boolean isRoot() {
        return Command.run(List.of("id", "-u")).lastLine().equals("0");
    }

    private static long postmaster(Path folder) throws IOException {
        return Long.parseLong(Files.readAllLines(folder.resolve("postgres/postmaster.pid"))
                .get(0)
                .strip());
    }

    /** Every live process with the folder's data directory on its command line or under its feet. */
    private static List<String> processesIn(Path folder) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes
                    .filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList()) {
                Path cwd = process.resolve("cwd");
                if (Files.isSymbolicLink(cwd) && readLink(cwd).startsWith(folder.toString())) {
                    found.add(process.toString());
                }
            }
        }
        return found;
    }

    private static String readLink(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException goneOrHidden) {
            return "";
        }
    }

    private static void execute(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                var statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
