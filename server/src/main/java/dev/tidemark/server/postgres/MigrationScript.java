package dev.tidemark.server.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.jspecify.annotations.Nullable;

/**
 * Writes pending migrations as one SQL script, with the rows Flyway would add to its history, so that Flyway later finds nothing left to do.
 * (Flyway's own dry run is not in its free edition.)
 */
final class MigrationScript {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^}]*)}");

    private static final String BOUND = "set local lock_timeout = '" + Migrator.LOCK_TIMEOUT + "';\n";

    private static final String ADVICE = """
            -- Where somebody has a table locked, such as an audit that reads it, psql stops within a second or so, with a lock timeout, instead of holding up
            -- appends and fetches for as long. What is committed by then stays: print the SQL anew, which has the rest, and run that.
            """;

    private final SchemaNames names;
    private final Release release;
    private final String history;

    MigrationScript(SchemaNames names, Release release) {
        this.names = names;
        this.release = release;
        this.history = names.internal() + "." + Migrator.HISTORY;
    }

    /** For psql: each migration in a database transaction of its own. */
    String write(InstalledSchemas installed, List<MigrationInfo> pending) {
        String transactions = steps(installed, pending).stream()
                .map(step -> "\n-- " + step.name() + "\nbegin;\n" + BOUND + step.sql() + "commit;\n")
                .collect(Collectors.joining());
        return "-- Tidemark: " + pending.size() + " pending migrations.\n" + ADVICE + "\\set ON_ERROR_STOP on\n"
                + transactions;
    }

    /**
     * Statements that belong together.
     *
     * @param name the migration's file, or what else this is
     */
    record Step(String name, String sql) {}

    List<Step> steps(InstalledSchemas installed, List<MigrationInfo> pending) {
        List<Step> steps = new ArrayList<>();
        if (installed.lastRank() == null && !pending.isEmpty()) {
            steps.add(new Step("schemas", createSchemas(installed) + createHistory()));
        }
        int rank = installed.lastRank() == null ? 0 : installed.lastRank();
        for (MigrationInfo migration : pending) {
            rank++;
            // The search_path as Flyway sets it, so that an unqualified name means the same.
            steps.add(new Step(
                    migration.getScript(),
                    "set local search_path to " + names.internal() + ", \"$user\", public;\n" + text(migration) + "\n"
                            + historyRow(rank, migration)));
        }
        return steps;
    }

    private List<String> schemasInOrder() {
        return List.of(names.internal(), names.schema(), names.topicSchema());
    }

    private String createSchemas(InstalledSchemas installed) {
        return schemasInOrder().stream()
                .filter(schema -> !installed.present().contains(schema))
                .map(schema -> "create schema " + schema + ";\n")
                .collect(Collectors.joining());
    }

    /** The table as Flyway makes it, and its note that it made the schemas. */
    private String createHistory() {
        String table = """
                create table %1$s (
                    installed_rank int not null constraint %2$s_pk primary key,
                    version varchar(50),
                    description varchar(200) not null,
                    type varchar(20) not null,
                    script varchar(1000) not null,
                    checksum integer,
                    installed_by varchar(100) not null,
                    installed_on timestamp not null default now(),
                    execution_time integer not null,
                    success boolean not null
                );
                create index %2$s_s_idx on %1$s (success);
                """.formatted(history, Migrator.HISTORY);
        String made = schemasInOrder().stream().map(name -> '"' + name + '"').collect(Collectors.joining(","));
        return table + historyRow(0, null, "<< Flyway Schema Creation >>", "SCHEMA", made, null);
    }

    private String historyRow(int rank, MigrationInfo migration) {
        MigrationVersion version = migration.getVersion();
        return historyRow(
                rank,
                version == null ? null : version.getVersion(),
                migration.getDescription(),
                migration.getType().name(),
                migration.getScript(),
                migration.getChecksum());
    }

    private String historyRow(
            int rank,
            @Nullable String version,
            String description,
            String type,
            String script,
            @Nullable Integer checksum) {
        String values = Stream.of(
                        Integer.toString(rank),
                        literal(version),
                        literal(description),
                        literal(type),
                        literal(script),
                        checksum == null ? "null" : checksum.toString(),
                        "current_user",
                        "0",
                        "true")
                .collect(Collectors.joining(", "));
        return "insert into " + history
                + " (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)\n"
                + "values (" + values + ");\n";
    }

    private static String literal(@Nullable String text) {
        return text == null ? "null" : "'" + text.replace("'", "''") + "'";
    }

    /** A migration's statements, with names filled in. */
    String text(MigrationInfo migration) {
        for (String location : release.locations()) {
            try (InputStream file = MigrationScript.class
                    .getClassLoader()
                    .getResourceAsStream(location + "/" + migration.getScript())) {
                if (file != null) {
                    return fillPlaceholders(new String(file.readAllBytes(), UTF_8));
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
        throw new StartException("the migration " + migration.getScript() + " is missing from this build");
    }

    private String fillPlaceholders(String sql) {
        return PLACEHOLDER.matcher(sql).replaceAll(found -> {
            String value = Migrator.placeholders(names, release).get(found.group(1));
            if (value == null) {
                throw new IllegalStateException("no such placeholder: " + found.group());
            }
            return Matcher.quoteReplacement(value);
        });
    }
}
