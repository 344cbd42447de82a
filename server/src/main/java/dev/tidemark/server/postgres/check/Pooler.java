package dev.tidemark.server.postgres.check;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.postgresql.PGConnection;

/**
 * Whether somebody hands our statements on to sessions that are not ours alone, such as pgbouncer.
 *
 * @param between whether the session that answers is another than the one we were told of at connecting
 * @param prepareThreshold as configured; negative when that was left to us
 */
public record Pooler(boolean between, int prepareThreshold) {
    /**
     * A pooler makes up the process id it gives its clients, because they have no one process. (What else it does not tell, in particular in which
     * mode it pools.)
     */
    public static Pooler read(Connection connection, int prepareThreshold) throws SQLException {
        int told = connection.unwrap(PGConnection.class).getBackendPID();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return new Pooler(row.getInt(1) != told, prepareThreshold);
        }
    }

    public List<Finding> findings() {
        if (!between || prepareThreshold <= 0) {
            return List.of();
        }
        return List.of(Finding.warning("is reached through a pooler, and TIDEMARK_DB_PREPARE_THRESHOLD="
                + prepareThreshold
                + " prepares statements, which pgbouncer in transaction mode follows only from 1.21 on,"
                + " with max_prepared_statements above 0; leave it out, or set 0, for others"));
    }
}
