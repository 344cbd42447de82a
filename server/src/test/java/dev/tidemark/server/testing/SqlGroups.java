package dev.tidemark.server.testing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Consumer groups made in SQL, for tests of what does not need members that live: members come and go, and partitions change hands, under the locks that
 * {@code docs/internals/groups.md} names.
 */
public final class SqlGroups {
    private static final String LOCK_GROUP = """
            select pg_advisory_xact_lock('tidemark_internal.consumer_group'::regclass::oid::int, group_id)
            from tidemark_internal.consumer_group where name = ? and deleted_at is null
            """;

    private static final String ADD_MEMBER = """
            insert into tidemark_internal.group_member (group_id, member_id, principal, topics, readable, assignor, session_timeout_ms, rebalance_timeout_ms,
                                                        heartbeat_interval_ms)
            select group_id, ?, ?, '{orders}', '{*}', 'sticky', 45000, 300000, 3000
            from tidemark_internal.consumer_group where name = ? and deleted_at is null
            """;

    private static final String BEGIN_GENERATION = """
            update tidemark_internal.consumer_group g
            set generation_id = generation_id + 1, state_version = state_version + 1,
                emptied_at = case when exists (select from tidemark_internal.group_member m where m.group_id = g.group_id) then null
                                  else coalesce(emptied_at, now()) end
            where name = ? and deleted_at is null
            """;

    private static final String REMOVE_MEMBER = """
            with gone as (
                delete from tidemark_internal.group_member m using tidemark_internal.consumer_group g
                where g.group_id = m.group_id and g.name = ? and m.member_id = ?
                returning m.*)
            insert into tidemark_internal.past_member (group_id, member_id, joined_at, reason)
            select group_id, member_id, joined_at, ? from gone
            """;

    private static final String PARTITION = """
            from tidemark_internal.consumer_group g, tidemark_internal.topic t, tidemark_internal.partition p
            where g.name = ? and g.deleted_at is null and t.name = ? and t.deleted_at is null and p.topic_id = t.topic_id and p.partition = ?
            """;

    private static final String TRY_LOCK =
            """
            select pg_try_advisory_xact_lock('tidemark_internal.group_partition'::regclass::oid::int, x.group_partition_id)
            from tidemark_internal.group_partition x
            where x.group_partition_id = (
                select y.group_partition_id from tidemark_internal.group_partition y, lateral (select g.group_id, p.partition_id
            """ + PARTITION + ") k where y.group_id = k.group_id and y.partition_id = k.partition_id)";

    private static final String REMEMBER_OWNER = """
            insert into tidemark_internal.past_ownership (group_partition_id, member_id, generation_id, owned_from, owned_until)
            select x.group_partition_id, x.owner_member_id, x.owner_generation, x.owned_since, clock_timestamp()
            from tidemark_internal.group_partition x, lateral (select g.group_id, p.partition_id
            """ + PARTITION
            + ") k where x.group_id = k.group_id and x.partition_id = k.partition_id and x.owner_member_id is not null";

    private static final String SET_OWNER =
            """
            update tidemark_internal.group_partition x
            set owner_member_id = ?, owner_generation = case when ?::text is not null then k.generation_id end,
                owned_since = case when ?::text is not null then clock_timestamp() end, released_at = clock_timestamp()
            from (select g.group_id, g.generation_id, p.partition_id
            """ + PARTITION + ") k where x.group_id = k.group_id and x.partition_id = k.partition_id";

    private static final String MAKE_PARTITION =
            "insert into tidemark_internal.group_partition (group_id, partition_id) select g.group_id, p.partition_id "
                    + PARTITION + " on conflict do nothing";

    private static final String RETARGET = """
            update tidemark_internal.group_member m
            set target = coalesce((select array_agg(x.partition_id) from tidemark_internal.group_partition x
                                   where x.group_id = m.group_id and x.owner_member_id = m.member_id), '{}')
            from tidemark_internal.consumer_group g
            where g.group_id = m.group_id and g.name = ?
            """;

    private final TestDatabase database;

    public SqlGroups(TestDatabase database) {
        this.database = database;
    }

    /** Makes the group when there is none, and begins a generation. */
    public void join(String group, String memberId, String principal) throws SQLException {
        inTransaction(connection -> {
            execute(
                    connection,
                    "insert into tidemark_internal.consumer_group (name) values (?) on conflict (name) where deleted_at is null do nothing",
                    group);
            execute(connection, LOCK_GROUP, group);
            execute(connection, ADD_MEMBER, memberId, principal, group);
            execute(connection, BEGIN_GENERATION, group);
            return true;
        });
    }

    /** @param reason as in {@code past_member} */
    public void leave(String group, String memberId, String reason) throws SQLException {
        inTransaction(connection -> {
            execute(connection, LOCK_GROUP, group);
            execute(connection, REMOVE_MEMBER, group, memberId, reason);
            execute(connection, BEGIN_GENERATION, group);
            return true;
        });
    }

    /** A rebalance that touches no partition. */
    public void beginGeneration(String group) throws SQLException {
        inTransaction(connection -> {
            execute(connection, LOCK_GROUP, group);
            execute(connection, BEGIN_GENERATION, group);
            return true;
        });
    }

    /**
     * Gives a partition to somebody else, in a generation of its own.
     *
     * @param memberId null: to nobody
     * @return false when a commit of its owner is under way, and nothing was done
     */
    public boolean give(String group, String topic, int partition, String memberId) throws SQLException {
        return inTransaction(connection -> {
            execute(connection, LOCK_GROUP, group);
            execute(connection, MAKE_PARTITION, group, topic, partition);
            if (!tryLock(connection, group, topic, partition)) {
                return false;
            }
            execute(connection, BEGIN_GENERATION, group);
            execute(connection, REMEMBER_OWNER, group, topic, partition);
            execute(connection, SET_OWNER, memberId, memberId, memberId, group, topic, partition);
            execute(connection, RETARGET, group);
            return true;
        });
    }

    private static boolean tryLock(Connection connection, String group, String topic, int partition)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(TRY_LOCK)) {
            bind(statement, group, topic, partition);
            ResultSet row = statement.executeQuery();
            return row.next() && row.getBoolean(1);
        }
    }

    /** Takes the lock of (group, partition) as one does who gives it away, until the connection's transaction ends. */
    public static void hold(Connection connection, String group, String topic, int partition) throws SQLException {
        if (!tryLock(connection, group, topic, partition)) {
            throw new AssertionError("the lock was not had");
        }
    }

    public int generation(String group) throws SQLException {
        return Integer.parseInt(database.string(
                "select generation_id from tidemark_internal.consumer_group where deleted_at is null and name = '"
                        + group + "'"));
    }

    private interface Work {
        boolean run(Connection connection) throws SQLException;
    }

    private boolean inTransaction(Work work) throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            boolean done = work.run(connection);
            connection.commit();
            return done;
        }
    }

    private static void execute(Connection connection, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, arguments);
            statement.execute();
        }
    }

    private static void bind(PreparedStatement statement, Object... arguments) throws SQLException {
        for (int i = 0; i < arguments.length; i++) {
            statement.setObject(i + 1, arguments[i]);
        }
    }
}
