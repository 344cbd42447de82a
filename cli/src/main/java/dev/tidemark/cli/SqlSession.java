package dev.tidemark.cli;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** A connection to PostgreSQL that runs SQL in one database transaction. Only {@link #cancel} may be called from another thread. */
final class SqlSession implements AutoCloseable {
    /** Rows in memory at a time; a row may be as large as a record. */
    private static final int FETCH_SIZE = 500;

    private final Connection connection;
    private final Statement statement;

    private SqlSession(Connection connection, Statement statement) {
        this.connection = connection;
        this.statement = statement;
    }

    /** @throws CommandFailed when the database cannot be reached or lets nobody in */
    static SqlSession open(DatabaseLocation database, boolean writable) {
        try {
            Connection connection = connect(database);
            connection.setAutoCommit(false);
            connection.setReadOnly(!writable);
            Statement statement = connection.createStatement();
            // From its first snapshot on a transaction stays read-only, whatever the statements say.
            statement.execute("select 1");
            statement.setFetchSize(FETCH_SIZE);
            return new SqlSession(connection, statement);
        } catch (SQLException e) {
            throw new CommandFailed(
                    "cannot open the database at " + database.shown() + ": "
                            + explain(e).replaceFirst("\\.$", "") + database.hint(),
                    e);
        }
    }

    /** Straight from the driver: DriverManager would look through the class path for all there are. */
    private static Connection connect(DatabaseLocation database) throws SQLException {
        Properties properties = new Properties();
        PGProperty.APPLICATION_NAME.set(properties, "tidemark sql");
        PGProperty.BINARY_TRANSFER.set(properties, false);
        PGProperty.CONNECT_TIMEOUT.set(properties, 10);
        if (database.user() != null) {
            PGProperty.USER.set(properties, database.user());
        }
        if (database.password() != null) {
            PGProperty.PASSWORD.set(properties, database.password());
        }
        Connection connection = new Driver().connect(database.jdbcUrl(), properties);
        if (connection == null) {
            throw new SQLException("not a PostgreSQL JDBC URL");
        }
        return connection;
    }

    /**
     * Runs the statements, prints their rows as they come, and commits.
     *
     * @param notices gets what is no row: how many a statement changed, and PostgreSQL's notices
     * @throws CommandFailed with PostgreSQL's words
     */
    void run(String statements, SqlResult result, Output out, PrintStream notices) {
        try {
            boolean hasRows = statement.execute(statements);
            while (hasRows || statement.getUpdateCount() >= 0) {
                if (hasRows) {
                    writeRows(result, out);
                } else {
                    notices.println(Quantity.of(statement.getLargeUpdateCount(), "row") + " changed");
                }
                hasRows = statement.getMoreResults();
            }
            connection.commit();
            printNotices(notices);
        } catch (SQLException e) {
            throw new CommandFailed(explain(e), e);
        } finally {
            out.flush();
        }
    }

    private void writeRows(SqlResult result, Output out) throws SQLException {
        try (ResultSet rows = statement.getResultSet()) {
            result.write(rows, out);
        }
    }

    private void printNotices(PrintStream notices) throws SQLException {
        for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
            notices.println(notice.getMessage());
        }
    }

    /** Ends the statement that runs, which then fails. */
    void cancel() {
        try {
            statement.cancel();
        } catch (SQLException e) {
            // The process is about to end, and the connection with it.
        }
    }

    /** PostgreSQL's message with what it says of the place and the way out, on one line. */
    private static String explain(SQLException e) {
        ServerErrorMessage error = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        if (error == null || error.getMessage() == null) {
            return String.valueOf(e.getMessage());
        }
        return error.getSeverity() + ": " + error.getMessage()
                + (error.getPosition() > 0 ? " (at character " + error.getPosition() + ")" : "")
                + part("; detail: ", error.getDetail())
                + part("; hint: ", error.getHint());
    }

    private static String part(String name, @Nullable String text) {
        return text == null ? "" : name + text;
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // Nothing is lost: what was to be kept has been committed.
        }
    }
}
