package dev.tidemark.benchmarks.load;

import dev.tidemark.protocol.RecordLayout;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * The raw limit of appending: what one JDBC loop a connection reaches on Tidemark's own tables with nothing around it.
 *
 * <p>Each connection has a partition of its own. A database transaction is: take the partition's advisory lock, read the log end in a later statement,
 * insert the batch row (one round trip for these), COPY tuples that were encoded beforehand into the leaf (only their offsets are written anew), COMMIT.
 */
public final class RawAppend {
    private static final byte[] COPY_HEADER = ByteBuffer.allocate(19)
            .put(new byte[] {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0})
            .array();
    private static final byte[] COPY_TRAILER = {(byte) 0xff, (byte) 0xff};

    private static final String RESERVE = """
            select pg_advisory_xact_lock('tidemark_internal.batch'::regclass::oid::int, ?);
            insert into tidemark_internal.batch (base_offset, min_timestamp, max_timestamp, appended_at, bytes, partition_id, record_count, first_block,
                leader_epoch, append_id, principal)
            select coalesce((select b.base_offset + b.record_count from tidemark_internal.batch b where b.partition_id = ?
                             order by b.base_offset desc limit 1), 0),
                   now(), now(), clock_timestamp(), ?, ?, ?, 0, 0, ?, 'benchmark'
            returning base_offset
            """;

    private RawAppend() {}

    /** {@code --jdbc-url --topic --connections --batch --records --payload-file}; the topic has as many partitions as there are connections. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        String url = arguments.text("jdbc-url");
        int connections = arguments.number("connections");
        int batch = arguments.number("batch");
        int batchesEach = Math.max(1, arguments.number("records") / connections / batch);
        List<Lane> lanes = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                EncodedBatch encoded = EncodedBatch.of(Payloads.read(arguments.file("payload-file")), i, batch);
                lanes.add(new Lane(url, arguments.text("topic"), i, encoded, batchesEach));
            }
            double seconds = Together.run(lanes);
            System.out.println(new ToolResult((long) connections * batch * batchesEach, seconds).line());
        } finally {
            for (Lane lane : lanes) {
                lane.close();
            }
        }
    }

    /** Tuples in one array behind COPY's header, and where each begins. */
    private record EncodedBatch(byte[] bytes, int[] starts) {
        static EncodedBatch of(Payloads payloads, int partition, int records) {
            List<byte[]> values = new ArrayList<>(records);
            int size = COPY_HEADER.length;
            for (int i = 0; i < records; i++) {
                byte[] value = payloads.next();
                values.add(value);
                size += RecordLayout.size(-1, value.length, -1);
            }
            byte[] bytes = new byte[size];
            int[] starts = new int[records];
            System.arraycopy(COPY_HEADER, 0, bytes, 0, COPY_HEADER.length);
            int at = COPY_HEADER.length;
            long now = System.currentTimeMillis();
            for (int i = 0; i < records; i++) {
                starts[i] = at;
                at = RecordLayout.writeFixedPart(bytes, at, 0, now, partition);
                at = RecordLayout.writePart(bytes, at, null);
                at = RecordLayout.writePart(bytes, at, values.get(i));
                at = RecordLayout.writePart(bytes, at, null);
                at = RecordLayout.writePart(bytes, at, null);
            }
            return new EncodedBatch(bytes, starts);
        }

        void setBaseOffset(long baseOffset) {
            for (int i = 0; i < starts.length; i++) {
                RecordLayout.setOffset(bytes, starts[i], baseOffset + i);
            }
        }
    }

    /** One connection's loop. */
    private static final class Lane implements Callable<Void>, AutoCloseable {
        private final Connection connection;
        private final PreparedStatement reserve;
        private final int partitionId;
        private final String copy;
        private final EncodedBatch batch;
        private final int batches;

        Lane(String url, String topic, int partition, EncodedBatch batch, int batches) throws SQLException {
            this.connection = DriverManager.getConnection(url);
            this.batch = batch;
            this.batches = batches;
            this.partitionId = partitionId(connection, topic, partition);
            String leaf = makeLeaf(connection, partitionId, (long) batches * batch.starts().length + 1);
            this.copy = "copy " + leaf
                    + " (record_offset, \"timestamp\", partition, key, value, headers, attributes) from stdin (format binary)";
            connection.setAutoCommit(false);
            this.reserve = connection.prepareStatement(RESERVE);
        }

        @Override
        public Void call() throws SQLException {
            for (int i = 0; i < batches; i++) {
                batch.setBaseOffset(reserve());
                CopyIn in = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(copy);
                in.writeToCopy(batch.bytes(), 0, batch.bytes().length);
                in.writeToCopy(COPY_TRAILER, 0, COPY_TRAILER.length);
                in.endCopy();
                connection.commit();
            }
            return null;
        }

        private long reserve() throws SQLException {
            reserve.setInt(1, partitionId);
            reserve.setInt(2, partitionId);
            reserve.setLong(3, batch.bytes().length);
            reserve.setInt(4, partitionId);
            reserve.setInt(5, batch.starts().length);
            reserve.setObject(6, UUID.randomUUID());
            reserve.execute();
            reserve.getMoreResults();
            try (ResultSet result = reserve.getResultSet()) {
                result.next();
                return result.getLong(1);
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    private static int partitionId(Connection connection, String topic, int partition) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("""
                select p.partition_id from tidemark_internal.partition p join tidemark_internal.topic t using (topic_id)
                where t.name = ? and t.deleted_at is null and p.partition = ?
                """)) {
            query.setString(1, topic);
            query.setInt(2, partition);
            try (ResultSet result = query.executeQuery()) {
                if (!result.next()) {
                    throw new IllegalArgumentException("topic " + topic + " has no partition " + partition);
                }
                return result.getInt(1);
            }
        }
    }

    private static String makeLeaf(Connection connection, int partitionId, long records) throws SQLException {
        try (PreparedStatement make = connection.prepareStatement("select tidemark_internal.make_segment(?, 0, ?)")) {
            make.setInt(1, partitionId);
            make.setLong(2, records);
            make.execute();
        }
        try (PreparedStatement query = connection.prepareStatement(
                "select leaf::text from tidemark_internal.segment where partition_id = ?")) {
            query.setInt(1, partitionId);
            try (ResultSet result = query.executeQuery()) {
                result.next();
                return result.getString(1);
            }
        }
    }
}
