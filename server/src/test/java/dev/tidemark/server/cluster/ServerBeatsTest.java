package dev.tidemark.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ServerBeatsTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static final Pattern BUFFERS = Pattern.compile("shared hit=(\\d+)");

    private final ServerBeats beats = new ServerBeats(database.database());
    private final Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);

    @BeforeEach
    void forgetOthers() throws SQLException {
        execute("truncate tidemark_internal.server_beat");
    }

    private List<LiveServer> beat(Member server, boolean listens) {
        return beats.beat(server, listens, new Integer[] {}, new Integer[] {});
    }

    private Member server(String address) {
        return new Member(UUID.randomUUID(), address, "1.0", now);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long count(String what) throws SQLException {
        try (Connection connection = database.connect();
                ResultSet row = connection.createStatement().executeQuery("select " + what)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Test
    void whoBeatsHearsWhoLives() {
        Member one = server("http://one");
        Member other = server("http://other");
        LiveServer oneAsOthersSeeIt = new LiveServer(one.id(), "http://one", "1.0", now, true);

        assertThat(beat(one, true)).containsExactly(oneAsOthersSeeIt);
        assertThat(beat(other, false))
                .containsExactlyInAnyOrder(
                        oneAsOthersSeeIt, new LiveServer(other.id(), "http://other", "1.0", now, false));
        assertThat(beat(one, true)).hasSize(2);
        assertThat(beats.live()).hasSize(2);
    }

    @Test
    void whoLeavesIsGoneAtOnce() {
        Member one = server("http://one");
        beat(one, true);
        beat(server("http://other"), true);
        beats.leave(one);

        assertThat(beats.live()).extracting(LiveServer::address).containsExactly("http://other");
    }

    @Test
    void whoHasNotBeatenForSecondsIsGone() throws SQLException {
        beat(server("http://one"), true);
        beat(server("http://other"), true);
        execute(
                "update tidemark_internal.server_beat set beat_at = beat_at - interval '4 seconds' where address = 'http://one'");
        assertThat(beats.live()).hasSize(2);
        execute(
                "update tidemark_internal.server_beat set beat_at = beat_at - interval '2 seconds' where address = 'http://one'");
        assertThat(beats.live()).extracting(LiveServer::address).containsExactly("http://other");
    }

    @Test
    void beatOfAClockThatWasSetBackCountsForNothing() throws SQLException {
        beat(server("http://one"), true);
        execute("update tidemark_internal.server_beat set beat_at = beat_at + interval '1 hour'");

        assertThat(beats.live()).isEmpty();
        assertThat(beat(server("http://other"), true)).hasSize(1);
    }

    @Test
    void oldBeatsAreDroppedAndTheNewKept() throws SQLException {
        execute(
                "insert into tidemark_internal.server_beat (beat_at, server_id, address, version, started_at, listens)"
                        + " select now() - i * interval '1 minute', gen_random_uuid(), 'a', '', now(), true from generate_series(0, 60) i");
        beats.dropOld(false);
        assertThat(count("count(*) from tidemark_internal.server_beat")).isEqualTo(61 - 9);
        beats.dropOld(true);
        assertThat(count("count(*) from tidemark_internal.server_beat")).isLessThanOrEqualTo(2);
    }

    /** Two hours of three servers' beats, all of which some session's old snapshot keeps from being vacuumed. */
    @Test
    void lookUpStaysFlatUnderAnOldSnapshot() throws SQLException {
        try (Connection auditor = database.connect();
                Statement snapshot = auditor.createStatement()) {
            auditor.setAutoCommit(false);
            auditor.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            snapshot.execute("select count(*) from tidemark_internal.server_beat");
            execute(
                    "insert into tidemark_internal.server_beat (beat_at, server_id, address, version, started_at, listens)"
                            + " select now() - interval '2 minutes' - i * interval '1 second', s, 'a', '', now(), true"
                            + " from generate_series(0, 7200) i, (select gen_random_uuid() s from generate_series(1, 3)) servers");
            beats.dropOld(true);
            execute("vacuum analyze tidemark_internal.server_beat");
            beat(server("http://one"), true);

            assertThat(count("pg_relation_size('tidemark_internal.server_beat') / 8192"))
                    .isGreaterThan(200);
            assertThat(buffers("select * from tidemark_internal.live_servers(5000)"))
                    .isLessThan(100);
            assertThat(buffers("select tidemark_internal.drop_old_beats(false)"))
                    .isLessThan(100);
            auditor.rollback();
        }
    }

    /** Blocks a query looks at the second time; the first also looks into the catalogue. */
    private static int buffers(String query) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(query);
            try (ResultSet rows =
                    statement.executeQuery("explain (analyze, buffers, timing off, costs off) " + query)) {
                while (rows.next()) {
                    Matcher found = BUFFERS.matcher(rows.getString(1));
                    if (found.find()) {
                        return Integer.parseInt(found.group(1));
                    }
                }
            }
        }
        return 0;
    }
}
