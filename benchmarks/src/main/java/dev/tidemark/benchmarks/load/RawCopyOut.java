package dev.tidemark.benchmarks.load;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * The raw limit of consuming: a topic's leaves one after the other by {@code COPY … TO STDOUT (FORMAT binary)} over one connection, as the rows lie,
 * each row received and dropped.
 */
public final class RawCopyOut {
    private RawCopyOut() {}

    /** {@code --jdbc-url --topic}. */
    public static void main(String[] args) throws SQLException {
        Arguments arguments = new Arguments(args);
        try (Connection connection = DriverManager.getConnection(arguments.text("jdbc-url"))) {
            List<String> leaves = leaves(connection, arguments.text("topic"));
            long start = System.nanoTime();
            long rows = 0;
            for (String leaf : leaves) {
                rows += copyOut(connection, leaf);
            }
            System.out.println(new ToolResult(rows, (System.nanoTime() - start) / 1e9).line());
        }
    }

    private static long copyOut(Connection connection, String leaf) throws SQLException {
        CopyOut out = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyOut(
                        "copy " + leaf
                                + " (record_offset, \"timestamp\", partition, key, value, headers, attributes) to stdout (format binary)");
        while (out.readFromCopy() != null) {
            // Received; the client's share of the limit ends here.
        }
        return out.getHandledRowCount();
    }

    private static List<String> leaves(Connection connection, String topic) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("""
                select s.leaf::text from tidemark_internal.segment s join tidemark_internal.partition p using (partition_id)
                join tidemark_internal.topic t using (topic_id) where t.name = ? and t.deleted_at is null order by p.partition, s.base_offset
                """)) {
            query.setString(1, topic);
            try (ResultSet result = query.executeQuery()) {
                List<String> leaves = new ArrayList<>();
                while (result.next()) {
                    leaves.add(result.getString(1));
                }
                return leaves;
            }
        }
    }
}
