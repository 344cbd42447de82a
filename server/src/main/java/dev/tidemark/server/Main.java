package dev.tidemark.server;

import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.postgres.Uninstaller;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands that need no server but are one, or prepare its database. Exit codes: 0, 1 when it failed, 2 for an illegal setting. */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    /** Beyond what the parts of a stop may take each, after which the process ends anyway. */
    private static final Duration STOP_SLACK = Duration.ofSeconds(5);

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(serve(List.of(arguments), System.getenv(), System.out, System.err));
    }

    /**
     * Runs a server until the process is told to end.
     *
     * @param flags as {@link Setting} says
     * @return the exit code
     */
    public static int serve(List<String> flags, Map<String, String> environment, PrintStream out, PrintStream err) {
        return withConfig(flags, environment, err, config -> serve(config, out, err));
    }

    private static int serve(ServerConfig config, PrintStream out, PrintStream err) {
        Server server = Server.start(config);
        stopAtEndOfProcess(server, config.stopTimeout());
        LOG.info(
                "server started address={} database={} {}",
                server.address(),
                server.database().location(),
                server.startSteps());
        out.print(Welcome.text(server));
        out.flush();
        try {
            server.end().join();
            return 0;
        } catch (CompletionException failure) {
            server.close();
            return failed(failure.getCause() == null ? failure : failure.getCause(), err);
        }
    }

    /** SIGTERM and Ctrl-C: a stop in order, then exit code 0; Java's own would be 143 although nothing went wrong. */
    private static void stopAtEndOfProcess(Server server, Duration stopTimeout) {
        Thread stop = new Thread(
                () -> {
                    boolean failed = server.end().isCompletedExceptionally();
                    boundStop(stopTimeout.multipliedBy(2).plus(STOP_SLACK));
                    server.close();
                    LOG.info("server stopped");
                    if (!failed) {
                        Runtime.getRuntime().halt(0);
                    }
                },
                "stop");
        Runtime.getRuntime().addShutdownHook(stop);
    }

    private static void boundStop(Duration bound) {
        Thread watchdog = new Thread(
                () -> {
                    try {
                        TimeUnit.MILLISECONDS.sleep(bound.toMillis());
                        LOG.error("stop took longer than its bound, ending anyway bound_ms={}", bound.toMillis());
                        Runtime.getRuntime().halt(1);
                    } catch (InterruptedException ended) {
                        Thread.currentThread().interrupt();
                    }
                },
                "stop-watchdog");
        watchdog.setDaemon(true);
        watchdog.start();
    }

    /**
     * Brings an existing database up to this version, or prints SQL for psql that does.
     *
     * @param flags as {@link Setting} says
     * @return the exit code
     */
    public static int migrate(
            List<String> flags, Map<String, String> environment, boolean print, PrintStream out, PrintStream err) {
        return withConfig(flags, environment, err, config -> {
            Migrator migrator =
                    new Migrator(namedDatabase(config, "migrate", "a server migrates its embedded one itself"));
            out.print(print ? migrator.print() : "migrations run: " + migrator.migrate() + "\n");
            out.flush();
            return 0;
        });
    }

    /**
     * Drops everything of Tidemark's from an existing database.
     *
     * @param flags as {@link Setting} says
     * @param confirmed otherwise it only says what would be dropped, and fails
     * @param out is told progress and result, a line each
     * @return the exit code
     */
    public static int uninstall(
            List<String> flags, Map<String, String> environment, boolean confirmed, PrintStream out, PrintStream err) {
        return withConfig(flags, environment, err, config -> {
            Uninstaller uninstaller =
                    new Uninstaller(namedDatabase(config, "uninstall from", "an embedded one is its data directory"));
            Uninstaller.Contents contents = uninstaller.contents();
            if (!confirmed) {
                throw new StartException("this would drop " + contents + ": say --yes to do it");
            }
            uninstaller.uninstall(out::println);
            out.println("dropped " + contents);
            out.println("the roles tidemark_reader and tidemark_writer are the whole instance's and stay");
            return 0;
        });
    }

    private static DatabaseConfig namedDatabase(ServerConfig config, String doWhat, String embedded) {
        String url = config.postgres().jdbcUrl();
        if (url == null) {
            throw new ConfigException("no database to " + doWhat + ": name one with " + Setting.JDBC_URL.flag() + " or "
                    + Setting.JDBC_URL.environmentVariable() + " (" + embedded + ")");
        }
        return config.databaseAt(url);
    }

    private static int withConfig(
            List<String> flags, Map<String, String> environment, PrintStream err, ToIntFunction<ServerConfig> command) {
        try {
            return command.applyAsInt(ServerConfig.read(flags, environment));
        } catch (ConfigException illegal) {
            err.println("tidemark: " + illegal.getMessage());
            return 2;
        } catch (RuntimeException failure) {
            return failed(failure, err);
        }
    }

    private static int failed(Throwable failure, PrintStream err) {
        LOG.debug("failed", failure);
        if (failure instanceof StartException expected) {
            err.println("tidemark: " + expected.getMessage());
        } else {
            LOG.error("failed for a reason nobody foresaw", failure);
            err.println("tidemark: " + failure);
        }
        return 1;
    }
}
