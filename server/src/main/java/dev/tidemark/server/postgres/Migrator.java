package dev.tidemark.server.postgres;

import dev.tidemark.server.postgres.check.Finding;
import dev.tidemark.server.postgres.check.Privileges;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.CoreMigrationType;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a database's schemas up to this version. Works on connections of its own, without a bound on how long a statement may take. Any number
 * of servers may migrate at once: one does, the others wait and find it done.
 *
 * <p>Flyway says what is pending, and its history is kept as it would keep it. The statements are run here, in one database transaction, and are those that
 * {@link #print} prints: Flyway leaves session state behind (search_path), which a pooler in transaction mode would hand to strangers.
 */
public final class Migrator {
    /** PostgreSQL's routines that say so; what they say is in the language of the server. */
    private static final Set<String> NOTHING_TO_DROP = Set.of("DropErrorMsgNonExistent", "does_not_exist_skipping");

    static final String HISTORY = "flyway_schema_history";

    /** Added by Flyway to the hash of its history table's name for its own advisory lock, which older servers take too: "Flyway" in ASCII. */
    private static final long FLYWAY_LOCK = 77431708279161L;

    /** How long another that migrates, and anybody's lock on a table of ours, are waited for in all. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** For a lock on a table. Appends and fetches queue behind who waits for one, so that is let go of soon, and tried for again. */
    static final String LOCK_TIMEOUT = "1s";

    /** Between tries, for those that have queued. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Migrator.class);

    private final DatabaseConfig config;
    private final Properties properties;
    private final Release release;
    private final Duration patience;

    public Migrator(DatabaseConfig config) {
        this(config, Release.THIS);
    }

    Migrator(DatabaseConfig config, Release release) {
        this(config, release, PATIENCE);
    }

    Migrator(DatabaseConfig config, Release release, Duration patience) {
        this.config = config;
        this.properties = Database.properties(config, Duration.ZERO);
        this.release = release;
        this.patience = patience;
    }

    /**
     * Runs what is pending; needs no privilege to create anything when nothing is. A database that a newer server migrated is left as it is.
     *
     * @return how many migrations ran
     * @throws StartException when a migration fails, a schema of ours holds somebody else's objects, a privilege is missing, or the database needs a
     *     newer server
     */
    public int migrate() {
        try (Connection connection = connect()) {
            refuseMissingPrivileges(connection);
            if (look(connection).pending().isEmpty()) {
                return 0;
            }
            connection.setAutoCommit(false);
            return migratePatiently(connection);
        } catch (SQLException | FlywayException failure) {
            throw cannotMigrate(failure);
        }
    }

    /** Somebody else's tables cannot even be looked at, somebody else's schema is to be called that, and only then is something amiss in ours. */
    private void refuseMissingPrivileges(Connection connection) throws SQLException {
        Privileges privileges = Privileges.read(connection, schemaNames());
        refuse(privileges.ownership());
        InstalledSchemas.read(connection, config.schemas()).refuseForeign(config);
        refuse(privileges.findings());
    }

    private void refuse(List<Finding> findings) {
        findings.stream().findFirst().ifPresent(missing -> {
            throw new StartException("the database at " + config.location() + " " + missing.line());
        });
    }

    /** From the beginning each time that a lock is not had: what was locked until then is not kept from others. */
    private int migratePatiently(Connection connection) throws SQLException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                int ran = migrate(connection, deadline);
                connection.commit();
                return ran;
            } catch (SQLException failure) {
                rollback(connection, failure);
                boolean locked = SqlStates.state(failure).equals(SqlStates.LOCK_NOT_AVAILABLE);
                if (!locked
                        || System.nanoTime() - deadline >= 0
                        || Thread.currentThread().isInterrupted()) {
                    throw failure;
                }
                LOG.info("migration waits for a lock, to be tried again: {}", DatabaseProbe.firstLine(failure));
            }
            LockSupport.parkNanos(Math.min(PAUSE.toNanos(), Math.max(0, deadline - System.nanoTime())));
        }
    }

    private static void rollback(Connection connection, SQLException cause) {
        try {
            connection.rollback();
        } catch (SQLException failure) {
            cause.addSuppressed(failure);
        }
    }

    private int migrate(Connection connection, long deadline) throws SQLException {
        lock(connection, deadline);
        // Again, to see what the lock's last holder did.
        Look look = look(connection);
        for (MigrationScript.Step step : script().steps(look.installed(), look.pending())) {
            run(connection, step);
        }
        return look.pending().size();
    }

    private static void run(Connection connection, MigrationScript.Step step) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(step.sql());
            tell(statement.getWarnings());
        } catch (SQLException failure) {
            throw new SQLException(step.name() + " failed", failure.getSQLState(), failure);
        }
    }

    /** Nobody waits behind who waits for this one. */
    private void lock(Connection connection, long deadline) throws SQLException {
        String table = "\"" + config.schemas().internal() + "\".\"" + HISTORY + "\"";
        try (PreparedStatement lock =
                connection.prepareStatement("select set_config('lock_timeout', ?, true), pg_advisory_xact_lock(?)")) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            lock.setString(1, Long.toString(Math.max(1, leftMs)));
            lock.setLong(2, FLYWAY_LOCK + table.hashCode());
            lock.execute();
        }
        try (Statement bound = connection.createStatement()) {
            bound.execute("set local lock_timeout = '" + LOCK_TIMEOUT + "'");
        }
    }

    private static void tell(@Nullable SQLWarning first) {
        for (@Nullable SQLWarning notice = first; notice != null; notice = notice.getNextWarning()) {
            if (!isNothingToDrop(notice)) {
                LOG.info("migration says \"{}\"", notice.getMessage());
            }
        }
    }

    /** That what another version had, and this one drops, is not there: so it is in every new database. */
    private static boolean isNothingToDrop(SQLWarning notice) {
        ServerErrorMessage message = notice instanceof PSQLWarning postgres ? postgres.getServerErrorMessage() : null;
        return message != null && NOTHING_TO_DROP.contains(String.valueOf(message.getRoutine()));
    }

    /**
     * What {@link #migrate()} would run, as SQL for psql that ends in the same state, Flyway's history included. Changes nothing.
     *
     * @throws StartException as {@link #migrate()} does
     */
    public String print() {
        try (Connection connection = connect()) {
            Look look = look(connection);
            return script().write(look.installed(), look.pending());
        } catch (SQLException | FlywayException failure) {
            throw cannotMigrate(failure);
        }
    }

    /**
     * Why a running server has to end: somebody has raised {@code min_server_version} above it. Empty when it may go on.
     *
     * @param database asked over a connection of its pool
     * @throws dev.tidemark.protocol.ApiException BROKER_NOT_AVAILABLE when the database cannot be asked
     */
    public Optional<StartException> outgrown(Database database) {
        try (Connection connection = database.connection()) {
            InstalledSchemas.read(connection, config.schemas()).refuseOlderThanAllowed(config, release.version());
            return Optional.empty();
        } catch (StartException tooOld) {
            return Optional.of(tooOld);
        } catch (SQLException failure) {
            throw SqlStates.unavailable(failure);
        }
    }

    /** What all migrations of this release say, run or not. */
    List<String> statements() {
        MigrationScript script = script();
        return Stream.of(flyway().info().all())
                // Flyway's note that it made the schemas is none.
                .filter(migration -> migration.getState().isResolved() && migration.getType() == CoreMigrationType.SQL)
                .map(script::text)
                .toList();
    }

    private MigrationScript script() {
        return new MigrationScript(config.schemas(), release);
    }

    private record Look(InstalledSchemas installed, List<MigrationInfo> pending) {}

    private Look look(Connection connection) throws SQLException {
        InstalledSchemas installed = InstalledSchemas.read(connection, config.schemas());
        installed.refuseForeign(config);
        installed.refuseOlderThanAllowed(config, release.version());
        if (installed.isNewerThan(release.version())) {
            LOG.info("database was migrated by a newer server and is left as it is version={}", installed.cluster());
            return new Look(installed, List.of());
        }
        return new Look(installed, pending());
    }

    private List<MigrationInfo> pending() {
        List<MigrationInfo> all = List.of(flyway().info().all());
        if (all.stream().anyMatch(migration -> migration.getState() == MigrationState.FUTURE_SUCCESS)) {
            LOG.info("database has migrations newer than this server's and is left as it is");
            return List.of();
        }
        all.stream().filter(Migrator::isChanged).findFirst().ifPresent(changed -> {
            throw new StartException("the database at " + config.location() + " has run another " + changed.getScript()
                    + " than this server's");
        });
        return all.stream()
                .filter(migration -> migration.getState() == MigrationState.PENDING)
                .toList();
    }

    private static boolean isChanged(MigrationInfo migration) {
        return migration.isVersioned()
                && migration.getState().isApplied()
                && migration.getState().isResolved()
                && !migration.isChecksumMatching();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(config.jdbcUrl(), properties);
    }

    private Flyway flyway() {
        return Flyway.configure()
                .loggers("slf4j")
                .dataSource(new UndoneConnections(config.jdbcUrl(), properties))
                .table(HISTORY)
                .schemas(schemaNames().toArray(String[]::new))
                .createSchemas(true)
                .cleanDisabled(true)
                .validateMigrationNaming(true)
                // Expanding migrations do not depend on each other's order; two branches may bring one each.
                .outOfOrder(true)
                .locations(release.locations().stream()
                        .map(location -> "classpath:" + location)
                        .toArray(String[]::new))
                .placeholders(placeholders(config.schemas(), release))
                .load();
    }

    private List<String> schemaNames() {
        SchemaNames names = config.schemas();
        return List.of(names.internal(), names.schema(), names.topicSchema());
    }

    static Map<String, String> placeholders(SchemaNames names, Release release) {
        return Map.of(
                "schema", names.schema(),
                "internal", names.internal(),
                "topic_schema", names.topicSchema(),
                "server_version", release.version().toString());
    }

    private StartException cannotMigrate(Exception failure) {
        String causes = Stream.<Throwable>iterate(failure, cause -> cause != null, Throwable::getCause)
                .filter(cause -> cause instanceof FlywayException || cause instanceof SQLException)
                .map(DatabaseProbe::firstLine)
                .distinct()
                .collect(Collectors.joining(": "));
        return new StartException("cannot migrate the database at " + config.location() + ": " + causes, failure);
    }
}
