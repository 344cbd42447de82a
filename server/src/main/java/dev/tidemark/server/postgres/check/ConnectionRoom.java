package dev.tidemark.server.postgres.check;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;

/**
 * Whether PostgreSQL has as many connections left as a server opens. What others open later is for them to know.
 *
 * @param ofInstance connections anybody but a superuser may have
 * @param ofDatabase ALTER DATABASE … CONNECTION LIMIT
 * @param ofRole ALTER ROLE … CONNECTION LIMIT
 */
public record ConnectionRoom(Limit ofInstance, Limit ofDatabase, Limit ofRole) {
    /**
     * A bound on connections.
     *
     * @param what it bounds, for a person
     * @param most negative: none
     * @param used by others than the connection that asks
     */
    public record Limit(String what, int most, int used) {
        boolean isShortOf(int needed) {
            return most >= 0 && most - used < needed;
        }
    }

    public static ConnectionRoom read(Connection connection) throws SQLException {
        // Of other roles' sessions only these columns are to be seen; workers of PostgreSQL's own have no user.
        String query = """
                with sessions as (
                    select usesysid, datid from pg_stat_activity
                    where usesysid is not null and datid is not null and pid <> pg_backend_pid())
                select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                           - coalesce(current_setting('reserved_connections', true)::int, 0),
                       (select count(*) from sessions),
                       d.datconnlimit, (select count(*) from sessions s where s.datid = d.oid),
                       r.rolconnlimit, (select count(*) from sessions s where s.usesysid = r.oid),
                       d.datname, r.rolname
                from pg_database d, pg_roles r
                where d.datname = current_database() and r.rolname = session_user
                """;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return new ConnectionRoom(
                    new Limit("max_connections, less those reserved,", row.getInt(1), row.getInt(2)),
                    new Limit("the connection limit of database " + row.getString(7), row.getInt(3), row.getInt(4)),
                    new Limit("the connection limit of role " + row.getString(8), row.getInt(5), row.getInt(6)));
        }
    }

    /** @param needed connections that will be opened */
    public Optional<Finding> shortage(int needed) {
        return List.of(ofInstance, ofDatabase, ofRole).stream()
                .filter(limit -> limit.isShortOf(needed))
                .findFirst()
                .map(limit -> Finding.refusal("has too few connections left: this server opens " + needed + ", "
                        + limit.what() + " allows " + limit.most() + ", and " + limit.used()
                        + " are in use; raise the limit or lower TIDEMARK_DB_POOL_SIZE"));
    }
}
