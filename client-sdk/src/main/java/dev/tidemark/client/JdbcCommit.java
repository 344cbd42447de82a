package dev.tidemark.client;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Commits offsets in a database transaction of the application's. */
final class JdbcCommit {
    private final String sql;
    private final String groupId;

    JdbcCommit(GroupConfig config) {
        String schema = '"' + config.sqlSchema().replace("\"", "\"\"") + '"';
        this.sql = "select " + schema + ".commit_offsets(?::text, ?::text, ?::int, ?::text, ?::int[], ?::bigint[])";
        this.groupId = config.groupId();
    }

    /** @param member null: as nobody, for a group without members */
    void run(Connection connection, MemberState.@Nullable Member member, Map<TopicPartition, OffsetAndMetadata> offsets)
            throws SQLException {
        // Each in the same order everywhere, since each takes a lock.
        Map<String, TreeMap<Integer, Long>> byTopic = new TreeMap<>();
        offsets.forEach((partition, offset) -> byTopic.computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                .put(partition.partition(), offset.offset()));
        try (PreparedStatement commit = connection.prepareStatement(sql)) {
            commit.setString(1, groupId);
            commit.setString(2, member == null ? null : member.memberId());
            if (member == null) {
                commit.setNull(3, Types.INTEGER);
            } else {
                commit.setInt(3, member.generationId());
            }
            for (Map.Entry<String, TreeMap<Integer, Long>> topic : byTopic.entrySet()) {
                commit.setString(4, topic.getKey());
                run(connection, commit, topic.getValue());
            }
        }
    }

    private static void run(Connection connection, PreparedStatement commit, TreeMap<Integer, Long> offsets)
            throws SQLException {
        Array partitions = connection.createArrayOf("int4", offsets.keySet().toArray());
        Array positions = connection.createArrayOf("int8", offsets.values().toArray());
        try {
            commit.setArray(5, partitions);
            commit.setArray(6, positions);
            commit.execute();
        } finally {
            partitions.free();
            positions.free();
        }
    }
}
