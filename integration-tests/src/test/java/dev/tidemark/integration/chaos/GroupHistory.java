package dev.tidemark.integration.chaos;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What the database has kept of groups: owners and commits, looked through for what must not be. One connection. */
final class GroupHistory implements AutoCloseable {
    private static final String OWNED = """
            with owned as (
                select row_number() over () as id, o.* from (
                    select group_partition_id, member_id, owned_from, owned_until from tidemark_internal.past_ownership
                    union all
                    select group_partition_id, owner_member_id, owned_since, 'infinity' from tidemark_internal.group_partition
                    where owner_member_id is not null) o)
            """;

    private final Connection connection;

    GroupHistory(String jdbcUrl) throws SQLException {
        this.connection = DriverManager.getConnection(jdbcUrl);
    }

    /** Two owners of one partition at a time. */
    List<String> overlaps() throws SQLException {
        return rows(OWNED + """
                select a.group_partition_id, a.member_id, a.owned_from, a.owned_until, b.member_id, b.owned_from, b.owned_until
                from owned a join owned b on a.group_partition_id = b.group_partition_id and a.id < b.id
                where a.owned_from < b.owned_until and b.owned_from < a.owned_until
                """);
    }

    /** Commits by who did not own the partition then. */
    List<String> foreignCommits() throws SQLException {
        return rows(OWNED + """
                select c.* from tidemark_internal.offset_commit c
                where not exists (
                    select from owned o
                    where o.group_partition_id = c.group_partition_id and o.member_id = c.member_id
                      and c.committed_at between o.owned_from and o.owned_until)
                """);
    }

    /** Commits below the one before. */
    List<String> backwardCommits() throws SQLException {
        return rows("""
                select c.* from (
                    select n.*, lag(n.committed_offset) over (partition by n.group_partition_id order by n.commit_sequence) as before
                    from tidemark_internal.offset_commit n) c
                where c.committed_offset < c.before
                """);
    }

    /** Records of "input" that a group has not committed yet. */
    long lag(String group) throws SQLException {
        return number("""
                select coalesce(sum(p.log_end_offset - coalesce(l.committed_offset, 0)), 0)
                from tidemark.partitions p left join tidemark.consumer_lag l on l.topic = p.topic and l.partition = p.partition and l.group_id = '%s'
                where p.topic = 'input'
                """.formatted(group));
    }

    /** Whether a group has committed all up to these log ends. */
    boolean hasReached(String group, List<String> ends) throws SQLException {
        return rows("""
                select p.partition, coalesce(l.committed_offset, 0)
                from tidemark.partitions p left join tidemark.consumer_lag l on l.topic = p.topic and l.partition = p.partition and l.group_id = '%s'
                where p.topic = 'input' order by 1
                """.formatted(group)).stream()
                .allMatch(reached -> ends.stream().anyMatch(end -> isAtLeast(reached, end)));
    }

    private static boolean isAtLeast(String reached, String end) {
        String[] one = reached.split(" ");
        String[] other = end.split(" ");
        return one[0].equals(other[0]) && Long.parseLong(one[1]) >= Long.parseLong(other[1]);
    }

    /** How many groups have so many members and nothing to hand over. */
    long settledGroups(int members) throws SQLException {
        return number("""
                select count(*) from (
                    select group_id from tidemark.consumer_groups where state = 'Stable'
                    group by group_id having count(distinct member_id) = %d) settled
                """.formatted(members));
    }

    /** The log ends of "input", as they are. */
    List<String> ends() throws SQLException {
        return rows("select partition, log_end_offset from tidemark.partitions where topic = 'input' order by 1");
    }

    long number(String query) throws SQLException {
        return Long.parseLong(rows(query).get(0));
    }

    /** Each row's columns, with a space between them. */
    List<String> rows(String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> columns = new ArrayList<>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    columns.add(result.getString(column));
                }
                rows.add(String.join(" ", columns));
            }
            return rows;
        }
    }

    void execute(String statement) throws SQLException {
        try (Statement run = connection.createStatement()) {
            run.execute(statement);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
