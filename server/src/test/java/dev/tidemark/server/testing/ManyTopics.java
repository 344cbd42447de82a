package dev.tidemark.server.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Makes topics by the hundred, in SQL: {@code many_1}, {@code many_2}, …, each partition with one segment. */
public final class ManyTopics {
    private static final String MAKE = "select tidemark_internal.create_topic(?, ?, ?, '{}', 'bytes', 'text')";

    private static final String MAKE_SEGMENTS =
            "select tidemark_internal.make_segment(partition_id, 0, 1000000) from tidemark_internal.partition where topic_id = ?";

    private static final String APPEND_BATCHES = """
            insert into tidemark_internal.batch (base_offset, min_timestamp, max_timestamp, appended_at, bytes, partition_id, record_count,
                                                 first_block, leader_epoch, append_id)
            select 0, 'epoch', 'epoch', now(), 100 * ?, partition_id, ?, 0, 0, gen_random_uuid()
            from tidemark_internal.partition where topic_id = ?
            """;

    private ManyTopics() {}

    /** @param records in each partition */
    public static void make(String jdbcUrl, int topics, int partitions, int records) throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
            connection.setAutoCommit(false);
            for (int n = 1; n <= topics; n++) {
                make(connection, "many_" + n, partitions, records);
                connection.commit();
            }
        }
    }

    private static void make(Connection connection, String name, int partitions, int records) throws SQLException {
        int topicId;
        try (PreparedStatement create = connection.prepareStatement(MAKE)) {
            create.setString(1, name);
            create.setString(2, name);
            create.setInt(3, partitions);
            ResultSet row = create.executeQuery();
            row.next();
            topicId = row.getInt(1);
        }
        try (PreparedStatement segments = connection.prepareStatement(MAKE_SEGMENTS);
                PreparedStatement batches = connection.prepareStatement(APPEND_BATCHES);
                PreparedStatement rows = connection.prepareStatement("insert into tidemark_internal.topic_" + topicId
                        + " (record_offset, \"timestamp\", partition, value)"
                        + " select n, 'epoch', p.partition, repeat('x', 100) from tidemark_internal.partition p,"
                        + " generate_series(0, ? - 1) n where p.topic_id = ?")) {
            segments.setInt(1, topicId);
            segments.executeQuery();
            batches.setInt(1, records);
            batches.setInt(2, records);
            batches.setInt(3, topicId);
            batches.executeUpdate();
            rows.setInt(1, records);
            rows.setInt(2, topicId);
            rows.executeUpdate();
        }
    }
}
