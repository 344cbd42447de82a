package dev.tidemark.server.postgres;

import dev.tidemark.server.postgres.InstalledObjects.Kind;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;

/**
 * Takes everything of Tidemark's out of a database, in slices of so many tables a database transaction: dropping it all in one would need a lock for each
 * table, index and TOAST table at once, more than PostgreSQL's lock table holds. May be broken off and begun again. What others put into our schemas stays,
 * and with it the schema.
 */
public final class Uninstaller {
    /** Each has an index, and for large values a table and an index of its own: about five locks. */
    private static final int TABLES_PER_TRANSACTION = 100;

    private static final String LOCK_TIMEOUT = "5s";
    private static final int LOCK_ATTEMPTS = 6;
    private static final int SHOWN_READERS = 5;

    /** As servers take each other for dead. */
    private static final int LIVES_FOR_MS = 5_000;

    private final DatabaseConfig config;
    private final Properties properties;
    private final Migrator migrator;

    public Uninstaller(DatabaseConfig config) {
        this.config = config;
        this.properties = Database.properties(config, Duration.ZERO);
        // Not to be taken for a server by ourselves.
        properties.setProperty("ApplicationName", "tidemark-uninstall");
        this.migrator = new Migrator(config);
    }

    /** What there is to drop. */
    public record Contents(String database, SchemaNames schemas, int topics, int segments) {
        @Override
        public String toString() {
            return "the schemas " + schemas.schema() + ", " + schemas.internal() + " and " + schemas.topicSchema()
                    + " of database " + database + ", with " + topics + " topics and " + segments + " segments";
        }
    }

    /**
     * Looks, and changes nothing.
     *
     * @throws StartException when there is no Tidemark, a newer one than this, servers that run on it, or objects of others that depend on it
     */
    public Contents contents() {
        try (Connection connection = connect()) {
            refuseUnfit(connection);
            InstalledObjects objects = objects(connection);
            return new Contents(
                    connection.getCatalog(), config.schemas(), objects.count(Kind.PARENT), objects.count(Kind.LEAF));
        } catch (SQLException failure) {
            throw cannot(failure);
        }
    }

    /**
     * Drops it.
     *
     * @param progress is told a line now and then
     * @throws StartException as {@link #contents} does, and when somebody does not let go of a table; what was dropped until then stays so
     */
    public void uninstall(Consumer<String> progress) {
        try (Connection connection = connect()) {
            refuseUnfit(connection);
            InstalledObjects objects = objects(connection);
            connection.setAutoCommit(false);
            inTransaction(connection, this::markTopicsDeleted);
            dropAll(connection, objects, Kind.TOPIC_VIEW, progress);
            dropAll(connection, objects, Kind.LEAF, progress);
            dropAll(connection, objects, Kind.PARENT, progress);
            inTransaction(connection, it -> dropRest(it, objects, progress));
        } catch (SQLException failure) {
            throw cannot(failure);
        }
    }

    private interface Work {
        void run(Connection connection) throws SQLException;
    }

    /** Unless a server has been started. Tries again a few times where a lock is not to be had. */
    private void inTransaction(Connection connection, Work work) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local lock_timeout = '" + LOCK_TIMEOUT + "'");
                keepServersOut(connection);
                work.run(connection);
                connection.commit();
                return;
            } catch (SQLException failure) {
                connection.rollback();
                if (!SqlStates.state(failure).equals(SqlStates.LOCK_NOT_AVAILABLE) || attempt == LOCK_ATTEMPTS) {
                    throw failure;
                }
            }
        }
    }

    /** A server that is started in the middle of this finds no topics, instead of some without their tables. */
    private void markTopicsDeleted(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "update " + config.schemas().internal() + ".topic set deleted_at = now() where deleted_at is null");
        }
    }

    private void dropAll(Connection connection, InstalledObjects objects, Kind kind, Consumer<String> progress)
            throws SQLException {
        int total = objects.count(kind);
        int dropped = 0;
        while (true) {
            List<String> slice = objects.names(kind, TABLES_PER_TRANSACTION);
            connection.commit();
            if (slice.isEmpty()) {
                return;
            }
            inTransaction(connection, it -> drop(it, kind, slice));
            dropped += slice.size();
            progress.accept("dropped " + dropped + " of " + total + " " + kind.plural());
        }
    }

    private static void drop(Connection connection, Kind kind, List<String> names) throws SQLException {
        if (names.isEmpty()) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            // Names as the catalogue gives them, quoted.
            statement.execute("drop " + kind.sql() + " " + String.join(", ", names));
        }
    }

    /** Together, because with Flyway's history goes the only sign that this is ours. */
    private void dropRest(Connection connection, InstalledObjects objects, Consumer<String> progress)
            throws SQLException {
        for (Kind kind : List.of(Kind.VIEW, Kind.ROUTINE, Kind.TABLE, Kind.SEQUENCE, Kind.TYPE)) {
            drop(connection, kind, objects.names(kind, Integer.MAX_VALUE));
        }
        InstalledSchemas left = InstalledSchemas.read(connection, config.schemas());
        for (String schema : left.present()) {
            if (left.used().contains(schema)) {
                progress.accept("left schema " + schema + ", which holds objects that are not Tidemark's");
            } else {
                drop(connection, Kind.SCHEMA, List.of(schema));
            }
        }
    }

    private InstalledObjects objects(Connection connection) {
        return new InstalledObjects(connection, config.schemas(), migrator.statements());
    }

    private void refuseUnfit(Connection connection) throws SQLException {
        InstalledSchemas installed = InstalledSchemas.read(connection, config.schemas());
        installed.refuseForeign(config);
        if (installed.lastRank() == null) {
            throw refusal("has no Tidemark in the schemas " + config.schemas().schema() + " and "
                    + config.schemas().topicSchema());
        }
        if (installed.isNewerThan(ServerVersion.current())) {
            throw refusal(
                    "was migrated by a newer Tidemark, which alone knows all that is to be dropped: uninstall with"
                            + " that");
        }
        refuseServers(connection);
        refuseReaders(connection);
    }

    /** Of this installation alone: what sessions there are says nothing of whose they are, and a pooler keeps them. */
    private void refuseServers(Connection connection) throws SQLException {
        if (!mayHaveServers(connection)) {
            return;
        }
        try (PreparedStatement query = connection.prepareStatement(
                "select address from " + config.schemas().internal() + ".live_servers(?) order by address")) {
            query.setInt(1, LIVES_FOR_MS);
            List<String> servers = InstalledObjects.strings(query);
            if (!servers.isEmpty()) {
                throw refusal("has Tidemark servers that run: stop " + String.join(", ", servers)
                        + " first (one that died counts for " + LIVES_FOR_MS / 1000 + " seconds)");
            }
        }
    }

    /** Not where the migrations broke off before there could be any. */
    private boolean mayHaveServers(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("select to_regprocedure(?) is not null")) {
            query.setString(1, config.schemas().internal() + ".live_servers(int)");
            ResultSet row = query.executeQuery();
            row.next();
            return row.getBoolean(1);
        }
    }

    /** Until the end of the transaction: who has said that it is there is seen, who says so later finds what is left. */
    private void keepServersOut(Connection connection) throws SQLException {
        if (mayHaveServers(connection)) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("lock table " + config.schemas().internal() + ".server_beat in share mode");
            }
            refuseServers(connection);
        }
    }

    private void refuseReaders(Connection connection) throws SQLException {
        String query = """
                select distinct format('%I.%I', reader_schema.nspname, reader.relname) as name
                from pg_depend d
                join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
                join pg_class reader on reader.oid = r.ev_class
                join pg_namespace reader_schema on reader_schema.oid = reader.relnamespace
                join pg_class ours on d.refclassid = 'pg_class'::regclass and ours.oid = d.refobjid
                join pg_namespace our_schema on our_schema.oid = ours.relnamespace
                where our_schema.nspname = any (?) and reader_schema.nspname <> all (?)
                order by name limit ?
                """;
        SchemaNames names = config.schemas();
        Object[] ours = {names.schema(), names.internal(), names.topicSchema()};
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setArray(1, connection.createArrayOf("name", ours));
            statement.setArray(2, connection.createArrayOf("name", ours));
            statement.setInt(3, SHOWN_READERS);
            List<String> readers = InstalledObjects.strings(statement);
            if (!readers.isEmpty()) {
                throw refusal(
                        "has views of others that read from Tidemark: drop " + String.join(", ", readers) + " first");
            }
        }
    }

    private StartException refusal(String why) {
        return new StartException("the database at " + config.location() + " " + why);
    }

    private StartException cannot(SQLException failure) {
        String why = SqlStates.state(failure).equals(SqlStates.LOCK_NOT_AVAILABLE)
                ? "somebody is reading a topic or holds a lock on it; run it again to go on"
                : DatabaseProbe.firstLine(failure);
        return new StartException("cannot uninstall from the database at " + config.location() + ": " + why, failure);
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(config.jdbcUrl(), properties);
    }
}
