package dev.tidemark.server.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;

/**
 * Brings a database's schemas up to this version. Works on connections of its own, without a bound on how long a statement may take. Any number
 * of servers may migrate at once: one does, the others wait and find it done.
 */
public final class Migrator {
    static final String HISTORY = "flyway_schema_history";
    static final String LOCATION = "db/migration";

    private final DatabaseConfig config;
    private final Properties properties;

    public Migrator(DatabaseConfig config) {
        this.config = config;
        this.properties = Database.properties(config, Duration.ZERO);
    }

    /**
     * Runs what is pending; needs no privilege to create anything when nothing is.
     *
     * @return how many migrations ran
     * @throws StartException when a migration fails or a schema of ours holds somebody else's objects
     */
    public int migrate() {
        refuseForeignSchemas();
        try {
            return flyway().migrate().migrationsExecuted;
        } catch (FlywayException failure) {
            throw cannotMigrate(failure);
        }
    }

    /**
     * What {@link #migrate()} would run, as SQL for psql that ends in the same state, Flyway's history included. Changes nothing.
     *
     * @throws StartException as {@link #migrate()} does
     */
    public String print() {
        refuseForeignSchemas();
        try (Connection connection = connect()) {
            List<MigrationInfo> pending = List.of(flyway().info().pending());
            return new MigrationScript(config.schemas())
                    .write(InstalledSchemas.read(connection, config.schemas()), pending);
        } catch (SQLException | FlywayException failure) {
            throw cannotMigrate(failure);
        }
    }

    private void refuseForeignSchemas() {
        try (Connection connection = connect()) {
            InstalledSchemas.read(connection, config.schemas()).refuseForeign(config);
        } catch (SQLException failure) {
            throw cannotMigrate(failure);
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(config.jdbcUrl(), properties);
    }

    private Flyway flyway() {
        SchemaNames names = config.schemas();
        Map<String, String> jdbc = properties.stringPropertyNames().stream()
                .collect(Collectors.toMap(name -> name, properties::getProperty));
        return Flyway.configure()
                .loggers("slf4j")
                .dataSource(config.jdbcUrl(), config.user(), config.password())
                .jdbcProperties(jdbc)
                .table(HISTORY)
                .schemas(names.internal(), names.schema(), names.topicSchema())
                .createSchemas(true)
                .cleanDisabled(true)
                .validateMigrationNaming(true)
                .locations("classpath:" + LOCATION)
                .placeholders(placeholders(names))
                .load();
    }

    static Map<String, String> placeholders(SchemaNames names) {
        return Map.of("schema", names.schema(), "internal", names.internal(), "topic_schema", names.topicSchema());
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
