package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.SQLException;

/** What the database has of who owned what, and when. */
final class Ownership {
    /** Every interval in which somebody owned a partition, the present ones without an end. */
    private static final String INTERVALS = """
            with owned as (
                select group_partition_id, member_id, owned_from, owned_until, past_ownership_id as id from tidemark_internal.past_ownership
                union all
                select group_partition_id, owner_member_id, owned_since, 'infinity', 0 from tidemark_internal.group_partition
                where owner_member_id is not null)
            """;

    private Ownership() {}

    static void assertNeverShared(TestDatabase database) throws SQLException {
        String overlaps = database.string(INTERVALS + """
                select count(*) from owned a join owned b on a.group_partition_id = b.group_partition_id and a.id < b.id
                where a.owned_from < b.owned_until and b.owned_from < a.owned_until
                """);
        assertThat(overlaps).as("partitions owned by two at a time").isEqualTo("0");
    }

    static int changesOfHands(TestDatabase database) throws SQLException {
        return Integer.parseInt(database.string("select count(*) from tidemark_internal.past_ownership"));
    }
}
