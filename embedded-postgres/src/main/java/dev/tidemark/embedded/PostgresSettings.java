package dev.tidemark.embedded;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;

/** How the embedded PostgreSQL is set: for a laptop or a small server it shares with others. */
final class PostgresSettings {
    private static final long MIB = 1024 * 1024;

    private PostgresSettings() {}

    /**
     * Settings a user may overrule in postgresql.conf or by ALTER SYSTEM; written anew at every start.
     *
     * <p>wal_compression keeps its default, off: the programs we bring know pglz only, and a server that is asked for what it does not know will not
     * start.
     */
    static String defaults(Path log) {
        return """
                # Written by Tidemark at every start. Overrule it in postgresql.conf, which is yours.
                shared_buffers = %dMB
                max_connections = 100
                # Few checkpoints: after each, the first change to a page writes it whole into the WAL.
                max_wal_size = 4GB
                min_wal_size = 1GB
                wal_buffers = 16MB
                checkpoint_timeout = 15min
                # Compiling a plan costs more than any of ours runs.
                jit = off
                timezone = 'UTC'
                log_timezone = 'UTC'
                lc_messages = 'C'
                logging_collector = on
                log_directory = '%s'
                log_filename = 'postgres-%%a.log'
                log_truncate_on_rotation = on
                log_rotation_age = 1d
                log_rotation_size = 0
                # More would quote records.
                log_error_verbosity = terse
                """.formatted(sharedBuffersMib(), log.toString().replace("'", "''"));
    }

    /** postgresql.conf, written once. */
    static String included() {
        return """
                # Yours: what you set below overrules what Tidemark includes here.
                # Whether data is safe (fsync, full_page_writes) and where PostgreSQL listens is set on its command line, and stays.
                include = 'tidemark.conf'
                """;
    }

    /** What acknowledging a record depends on, and where to listen: on the command line, which nothing overrules. */
    static List<String> fixed(int port) {
        return List.of(
                "-p", Integer.toString(port),
                "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=",
                "-c", "fsync=on",
                "-c", "full_page_writes=on",
                "-c", "synchronous_commit=on");
    }

    /** 256 MiB, or an eighth of a smaller machine. */
    private static long sharedBuffersMib() {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return Math.max(16, Math.min(256, machine.getTotalMemorySize() / 8 / MIB));
    }
}
