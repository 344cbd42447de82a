package dev.tidemark.server.postgres.check;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * Whether PostgreSQL's lock table has room for who reads everything: a query over a topic locks each of its leaves and their indexes, and pg_dump every
 * table. The table is the whole instance's, so half of it is taken for too much.
 *
 * @param room locks that fit in
 * @param leaves segments of all topics
 * @param topics each with a parent table and a view
 * @param mostLeaves of any one topic
 */
public record LockTable(long room, long leaves, long topics, long mostLeaves) {
    /** The leaf, and its index. */
    private static final int LOCKS_PER_LEAF = 2;

    /** @param internal the schema of our tables, a legal name */
    public static LockTable read(Connection connection, String internal) throws SQLException {
        String query = """
                select current_setting('max_locks_per_transaction')::bigint
                           * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
                       coalesce(sum(t.leaves), 0)::bigint, count(*), coalesce(max(t.leaves), 0)
                from (select p.topic_id, count(s.leaf) as leaves
                      from %1$s.partition p left join %1$s.segment s using (partition_id) group by p.topic_id) t
                """.formatted(internal);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return new LockTable(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4));
        }
    }

    public Optional<Finding> shortage() {
        if (LOCKS_PER_LEAF * mostLeaves > room / 2) {
            return Optional.of(warning("a query over the largest topic, with " + mostLeaves + " segments, takes "
                    + LOCKS_PER_LEAF * mostLeaves + " locks"));
        }
        if (leaves + 2 * topics > room / 2) {
            return Optional.of(warning("pg_dump takes " + (leaves + 2 * topics) + " locks, with " + leaves
                    + " segments of " + topics + " topics"));
        }
        return Optional.empty();
    }

    private Finding warning(String who) {
        return Finding.warning("has a small lock table: " + who + ", and there is room for about " + room
                + "; raise max_locks_per_transaction, or make segment.bytes larger");
    }
}
