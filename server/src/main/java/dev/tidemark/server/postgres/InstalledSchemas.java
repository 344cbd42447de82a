package dev.tidemark.server.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a database holds under the configured schema names.
 *
 * @param present those of our schemas that exist
 * @param used those that hold relations or functions
 * @param lastRank of Flyway's history; null when there is no history
 * @param installedNames the names at the first migration; null before it
 */
record InstalledSchemas(
        Set<String> present,
        Set<String> used,
        @Nullable Integer lastRank,
        @Nullable SchemaNames installedNames) {

    static InstalledSchemas read(Connection connection, SchemaNames names) throws SQLException {
        Set<String> present = new HashSet<>();
        Set<String> used = new HashSet<>();
        String query = """
                select n.nspname,
                       exists (select from pg_class c where c.relnamespace = n.oid)
                       or exists (select from pg_proc p where p.pronamespace = n.oid)
                from pg_namespace n
                where n.nspname = any (array[?, ?, ?])
                """;
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, names.internal());
            statement.setString(2, names.schema());
            statement.setString(3, names.topicSchema());
            ResultSet schemas = statement.executeQuery();
            while (schemas.next()) {
                present.add(schemas.getString(1));
                if (schemas.getBoolean(2)) {
                    used.add(schemas.getString(1));
                }
            }
        }
        return new InstalledSchemas(present, used, lastRank(connection, names), installedNames(connection, names));
    }

    private static @Nullable Integer lastRank(Connection connection, SchemaNames names) throws SQLException {
        String history = names.internal() + "." + Migrator.HISTORY;
        if (!exists(connection, history)) {
            return null;
        }
        try (PreparedStatement statement =
                connection.prepareStatement("select coalesce(max(installed_rank), 0) from " + history)) {
            ResultSet rank = statement.executeQuery();
            rank.next();
            return rank.getInt(1);
        }
    }

    private static @Nullable SchemaNames installedNames(Connection connection, SchemaNames names) throws SQLException {
        String cluster = names.internal() + ".cluster";
        if (!exists(connection, cluster)) {
            return null;
        }
        try (PreparedStatement statement =
                connection.prepareStatement("select schema_name, topic_schema_name from " + cluster)) {
            ResultSet row = statement.executeQuery();
            row.next();
            return new SchemaNames(row.getString(1), names.internal(), row.getString(2));
        }
    }

    private static boolean exists(Connection connection, String relation) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select to_regclass(?) is not null")) {
            statement.setString(1, relation);
            ResultSet exists = statement.executeQuery();
            exists.next();
            return exists.getBoolean(1);
        }
    }

    /** Empty schemas are fine: whoever may not let us create schemas makes them for us. */
    void refuseForeign(DatabaseConfig config) {
        if (lastRank == null && !used.isEmpty()) {
            throw new StartException("the database at " + config.location() + " has a schema "
                    + used.stream().sorted().findFirst().orElseThrow()
                    + " that is not Tidemark's: choose another with TIDEMARK_SCHEMA or TIDEMARK_TOPIC_SCHEMA");
        }
        if (installedNames != null && !installedNames.equals(config.schemas())) {
            throw new StartException("the database at " + config.location() + " was set up with TIDEMARK_SCHEMA="
                    + installedNames.schema() + " and TIDEMARK_TOPIC_SCHEMA=" + installedNames.topicSchema()
                    + ", not with " + config.schemas().schema() + " and "
                    + config.schemas().topicSchema());
        }
    }
}
