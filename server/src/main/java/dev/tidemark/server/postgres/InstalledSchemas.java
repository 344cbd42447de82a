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
 * @param used those that hold something
 * @param lastRank of Flyway's history; null when there is no history
 * @param cluster what this installation says of itself; null before its first migration
 */
record InstalledSchemas(
        Set<String> present,
        Set<String> used,
        @Nullable Integer lastRank,
        @Nullable Cluster cluster) {

    /**
     * The row of the table {@code cluster}.
     *
     * @param names at the first migration
     * @param oldest server that may start
     * @param newest server that migrated this database
     */
    record Cluster(SchemaNames names, ServerVersion oldest, ServerVersion newest) {}

    private static final ServerVersion ANY = new ServerVersion(0, 0, 0);

    static InstalledSchemas read(Connection connection, SchemaNames names) throws SQLException {
        Set<String> present = new HashSet<>();
        Set<String> used = new HashSet<>();
        // Whatever lies in a schema depends on it, of all kinds of objects; default privileges do too, and are nobody's
        // object.
        String query = """
                select n.nspname,
                       exists (select from pg_depend d
                               where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
                                 and d.classid <> 'pg_default_acl'::regclass)
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
        return new InstalledSchemas(present, used, lastRank(connection, names), cluster(connection, names));
    }

    private static @Nullable Integer lastRank(Connection connection, SchemaNames names) throws SQLException {
        if (!exists(connection, names.internal(), Migrator.HISTORY)) {
            return null;
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "select coalesce(max(installed_rank), 0) from " + names.internal() + "." + Migrator.HISTORY)) {
            ResultSet rank = statement.executeQuery();
            rank.next();
            return rank.getInt(1);
        }
    }

    private static @Nullable Cluster cluster(Connection connection, SchemaNames names) throws SQLException {
        if (!exists(connection, names.internal(), "cluster")) {
            return null;
        }
        // The versions came later than the table; an absent column reads as null.
        try (PreparedStatement statement = connection.prepareStatement("select c.j->>'schema_name',"
                + " c.j->>'topic_schema_name', c.j->>'min_server_version', c.j->>'newest_server_version'"
                + " from (select to_jsonb(t) as j from " + names.internal() + ".cluster t) c")) {
            ResultSet row = statement.executeQuery();
            if (!row.next() || row.getString(1) == null) {
                return null;
            }
            return new Cluster(
                    new SchemaNames(row.getString(1), names.internal(), row.getString(2)),
                    version(row.getString(3)),
                    version(row.getString(4)));
        }
    }

    private static ServerVersion version(@Nullable String text) {
        return text == null ? ANY : ServerVersion.of(text);
    }

    private static boolean exists(Connection connection, String schema, String relation) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select exists (select from pg_class c"
                + " join pg_namespace n on n.oid = c.relnamespace where n.nspname = ? and c.relname = ?)")) {
            statement.setString(1, schema);
            statement.setString(2, relation);
            ResultSet exists = statement.executeQuery();
            exists.next();
            return exists.getBoolean(1);
        }
    }

    /** Empty schemas are fine: whoever may not let us create schemas makes them for us. */
    void refuseForeign(DatabaseConfig config) {
        boolean begun = lastRank != null && (lastRank == 0 || cluster != null);
        if (!begun && !used.isEmpty()) {
            throw new StartException("the database at " + config.location() + " has a schema "
                    + used.stream().sorted().findFirst().orElseThrow()
                    + " that is not Tidemark's: choose another with TIDEMARK_SCHEMA or TIDEMARK_TOPIC_SCHEMA");
        }
        if (cluster != null && !cluster.names().equals(config.schemas())) {
            throw new StartException("the database at " + config.location() + " was set up with TIDEMARK_SCHEMA="
                    + cluster.names().schema() + " and TIDEMARK_TOPIC_SCHEMA="
                    + cluster.names().topicSchema() + ", not with "
                    + config.schemas().schema() + " and " + config.schemas().topicSchema());
        }
    }

    void refuseOlderThanAllowed(DatabaseConfig config, ServerVersion server) {
        if (cluster != null && server.isOlderThan(cluster.oldest())) {
            throw new StartException("the database at " + config.location() + " needs Tidemark " + cluster.oldest()
                    + " or later, and this is " + server);
        }
    }

    /** Whether a newer server migrated this database: it is not for an older one to put its own functions and views back. */
    boolean isNewerThan(ServerVersion server) {
        return cluster != null && server.isOlderThan(cluster.newest());
    }
}
