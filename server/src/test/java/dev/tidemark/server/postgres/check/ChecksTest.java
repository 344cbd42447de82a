package dev.tidemark.server.postgres.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.postgres.check.ConnectionRoom.Limit;
import dev.tidemark.server.postgres.check.Privileges.Schema;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What follows from the facts; reading them is tested where a server starts. */
class ChecksTest {
    private static Instance instance(int version, String encoding, boolean standby, boolean fsync, boolean fullPages) {
        return new Instance(version, "x.y", encoding, standby, fsync, fullPages);
    }

    static Stream<Arguments> instances() {
        return Stream.of(
                row(
                        instance(139999, "UTF8", false, true, true),
                        true,
                        "is version x.y, and Tidemark needs 14 or later"),
                row(instance(140000, "UTF8", false, true, true), false, null),
                row(instance(190000, "UTF8", false, true, true), false, null),
                row(instance(150000, "SQL_ASCII", false, true, true), true, "the encoding SQL_ASCII"),
                row(instance(150000, "UTF8", true, true, true), true, "is a standby"),
                row(instance(150000, "UTF8", false, false, true), false, "fsync=off"),
                row(instance(150000, "UTF8", false, true, false), false, "full_page_writes=off"));
    }

    private static Arguments row(Object... columns) {
        return Arguments.of(columns);
    }

    @ParameterizedTest
    @MethodSource("instances")
    void unfitInstanceIsRefusedAndAnUnsafeOneWarnedAbout(Instance instance, boolean refused, @Nullable String line) {
        if (line == null) {
            assertThat(instance.findings()).isEmpty();
            return;
        }
        assertThat(instance.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.refusal()).isEqualTo(refused);
            assertThat(finding.line()).contains(line).doesNotContain("\n");
        });
    }

    @ParameterizedTest
    @CsvSource({
        "100, 89, -1, 0, -1, 0, ",
        "100, 91, -1, 0, -1, 0, max_connections",
        "100, 0, 12, 3, -1, 0, database app allows 12",
        "100, 0, 12, 2, -1, 0, ",
        "100, 0, -1, 50, 9, 0, role me allows 9",
        "100, 0, 0, 0, -1, 0, database app allows 0",
    })
    void lackOfConnectionsIsRefusedByTheLimitThatIsShort(
            int most, int used, int ofDatabase, int usedInDatabase, int ofRole, int usedByRole, @Nullable String line) {
        ConnectionRoom room = new ConnectionRoom(
                new Limit("max_connections", most, used),
                new Limit("the connection limit of database app", ofDatabase, usedInDatabase),
                new Limit("the connection limit of role me", ofRole, usedByRole));
        if (line == null) {
            assertThat(room.shortage(10)).isEmpty();
        } else {
            assertThat(room.shortage(10)).hasValueSatisfying(shortage -> {
                assertThat(shortage.refusal()).isTrue();
                assertThat(shortage.line()).contains(line, "opens 10", "TIDEMARK_DB_POOL_SIZE");
            });
        }
    }

    @ParameterizedTest
    @CsvSource({
        "6400, 0, 0, 0, ",
        "6400, 1600, 1, 1600, ",
        "6400, 1601, 1, 1601, 'a query over the largest topic, with 1601 segments, takes 3202 locks'",
        "6400, 2200, 500, 6, ",
        "6400, 2201, 500, 6, 'pg_dump takes 3201 locks'",
    })
    void smallLockTableIsWarnedAboutWithFigures(
            long room, long leaves, long topics, long mostLeaves, @Nullable String line) {
        LockTable table = new LockTable(room, leaves, topics, mostLeaves);
        if (line == null) {
            assertThat(table.shortage()).isEmpty();
        } else {
            assertThat(table.shortage()).hasValueSatisfying(shortage -> {
                assertThat(shortage.refusal()).isFalse();
                assertThat(shortage.line()).contains(line, "room for about " + room, "max_locks_per_transaction");
            });
        }
    }

    @Test
    void poolerIsWarnedAboutOnlyWhereStatementsWouldBePreparedThroughIt() {
        assertThat(new Pooler(false, 5).findings()).isEmpty();
        assertThat(new Pooler(true, -1).findings()).isEmpty();
        assertThat(new Pooler(true, 0).findings()).isEmpty();
        assertThat(new Pooler(true, 5).findings()).singleElement().satisfies(finding -> {
            assertThat(finding.refusal()).isFalse();
            assertThat(finding.line()).contains("TIDEMARK_DB_PREPARE_THRESHOLD=5");
        });
    }

    private static Privileges privileges(boolean createsSchemas, Schema... schemas) {
        return new Privileges("me", "app", createsSchemas, List.of(schemas));
    }

    @Test
    void missingPrivilegesAreNamedWithTheGrantThatMendsThem() {
        Schema fine = new Schema("tidemark", true, true, null);
        Schema absent = new Schema("topic", false, false, null);
        assertThat(privileges(true, fine, absent).findings()).isEmpty();
        assertThat(privileges(false, fine).findings()).isEmpty();
        assertThat(privileges(false, fine, absent).findings())
                .extracting(Finding::line)
                .singleElement()
                .asString()
                .contains("no schema topic yet", "GRANT CREATE ON DATABASE app TO me", "AUTHORIZATION me");
        assertThat(privileges(true, new Schema("topic", true, false, null)).findings())
                .extracting(Finding::line)
                .singleElement()
                .asString()
                .contains("GRANT USAGE, CREATE ON SCHEMA topic TO me");
        assertThat(privileges(true, new Schema("tidemark_internal", true, true, "dba"))
                        .findings())
                .extracting(Finding::line)
                .singleElement()
                .asString()
                .contains("tables of role dba", "GRANT dba TO me");
    }
}
