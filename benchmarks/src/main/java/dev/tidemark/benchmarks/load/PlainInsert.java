package dev.tidemark.benchmarks.load;

import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * The plain way to keep a log in PostgreSQL: a table with a primary key, a counter row a partition that an UPDATE moves on, rows by INSERT.
 *
 * <p>Each connection has a partition of its own. A database transaction is: move the counter (which locks it), insert a batch of rows, COMMIT.
 */
public final class PlainInsert {
    private static final String TABLES = """
            create schema if not exists benchmark;
            drop table if exists benchmark.message, benchmark.counter;
            create table benchmark.counter (partition int primary key, next_offset bigint not null);
            create table benchmark.message (
                partition int not null, record_offset bigint not null, "timestamp" timestamptz not null default now(),
                key bytea, value bytea, headers json, primary key (partition, record_offset));
            """;

    private static final String MOVE_COUNTER =
            "update benchmark.counter set next_offset = next_offset + ? where partition = ? returning next_offset";

    private PlainInsert() {}

    /** {@code --jdbc-url --connections --batch --rows unnest|values --records --payload-file}; makes its tables anew. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        // Read by pgjdbc: turns a JDBC batch of single-row INSERTs into multi-row ones.
        String url = arguments.text("jdbc-url") + "&reWriteBatchedInserts=true";
        int connections = arguments.number("connections");
        int batch = arguments.number("batch");
        int batchesEach = Math.max(1, arguments.number("records") / connections / batch);
        boolean unnest = arguments.text("rows").equals("unnest");
        makeTables(url, connections);
        List<Lane> lanes = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                Payloads payloads = Payloads.read(arguments.file("payload-file"));
                Connection connection = DriverManager.getConnection(url);
                connection.setAutoCommit(false);
                Insert insert = unnest ? new UnnestInsert(connection) : new ValuesInsert(connection);
                lanes.add(new Lane(connection, insert, payloads, i, batch, batchesEach));
            }
            double seconds = Together.run(lanes);
            System.out.println(new ToolResult((long) connections * batch * batchesEach, seconds).line());
        } finally {
            for (Lane lane : lanes) {
                lane.connection().close();
            }
        }
    }

    private static void makeTables(String url, int partitions) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(TABLES);
            statement.execute(
                    "insert into benchmark.counter select n, 0 from generate_series(0, " + (partitions - 1) + ") n");
        }
    }

    /** One connection's loop. */
    private record Lane(Connection connection, Insert insert, Payloads payloads, int partition, int batch, int batches)
            implements Callable<Void> {
        @Override
        public Void call() throws SQLException {
            byte[][] values = new byte[batch][];
            try (PreparedStatement counter = connection.prepareStatement(MOVE_COUNTER)) {
                for (int i = 0; i < batches; i++) {
                    for (int j = 0; j < batch; j++) {
                        values[j] = payloads.next();
                    }
                    insert.insert(partition, moveCounter(counter) - batch, values);
                    connection.commit();
                }
            }
            return null;
        }

        private long moveCounter(PreparedStatement counter) throws SQLException {
            counter.setLong(1, batch);
            counter.setInt(2, partition);
            try (ResultSet result = counter.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        }
    }

    private interface Insert {
        void insert(int partition, long baseOffset, byte[][] values) throws SQLException;
    }

    /** INSERT … VALUES (…), (…), …: what an ORM's batching makes of single inserts. */
    private record ValuesInsert(PreparedStatement insert) implements Insert {
        ValuesInsert(Connection connection) throws SQLException {
            this(connection.prepareStatement(
                    "insert into benchmark.message (partition, record_offset, value) values (?, ?, ?)"));
        }

        @Override
        public void insert(int partition, long baseOffset, byte[][] values) throws SQLException {
            for (int i = 0; i < values.length; i++) {
                insert.setInt(1, partition);
                insert.setLong(2, baseOffset + i);
                insert.setBytes(3, values[i]);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /** INSERT … SELECT … FROM unnest(?): one parameter for the whole batch. */
    private record UnnestInsert(Connection connection, PreparedStatement insert) implements Insert {
        UnnestInsert(Connection connection) throws SQLException {
            this(connection, connection.prepareStatement("""
                            insert into benchmark.message (partition, record_offset, value)
                            select ?, ? + n - 1, value from unnest(?::bytea[]) with ordinality v(value, n)
                            """));
        }

        @Override
        public void insert(int partition, long baseOffset, byte[][] values) throws SQLException {
            Array array = connection.createArrayOf("bytea", values);
            insert.setInt(1, partition);
            insert.setLong(2, baseOffset);
            insert.setArray(3, array);
            insert.executeUpdate();
            array.free();
        }
    }
}
