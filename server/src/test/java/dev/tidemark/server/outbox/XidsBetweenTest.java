package dev.tidemark.server.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which transactions the outbox looks for between two snapshots: what it does not look for is forgotten, and what it finds twice is in the log twice. */
class XidsBetweenTest {
    private static final int HISTORIES = 300;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    /** Transactions that begin and end at random, as PostgreSQL counts them. */
    private static final class History {
        private final Random random;
        private final TreeSet<Long> open = new TreeSet<>();
        private final long firstXid;
        private long nextXid;
        private long lastCompleted;

        History(long seed) {
            random = new Random(seed);
            firstXid = random.nextBoolean() ? 3 : (1L << 32) - 20;
            nextXid = firstXid;
            lastCompleted = firstXid - 1;
        }

        void goOn() {
            for (int events = random.nextInt(40); events > 0; events--) {
                if (open.isEmpty() || random.nextInt(3) > 0) {
                    open.add(nextXid++);
                } else {
                    long ended = open.stream()
                            .skip(random.nextInt(open.size()))
                            .findFirst()
                            .orElseThrow();
                    open.remove(ended);
                    lastCompleted = Math.max(lastCompleted, ended);
                }
            }
        }

        /** As pg_current_snapshot writes it: those that began after the last that has ended are not listed. */
        String snapshot() {
            long xmax = lastCompleted + 1;
            String inProgress = open.headSet(xmax).stream().map(String::valueOf).collect(Collectors.joining(","));
            return Math.min(xmax, open.isEmpty() ? xmax : open.first()) + ":" + xmax + ":" + inProgress;
        }
    }

    @Test
    void areThoseThatOnlyTheNewerOneSeesEachOnce() throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement query = connection.prepareStatement("""
                        select array(select x from generate_series(?, ?) x
                                     where pg_visible_in_snapshot(x::text::xid8, ?::pg_snapshot)
                                       and not pg_visible_in_snapshot(x::text::xid8, ?::pg_snapshot) order by x)::text,
                               array(select x from tidemark_internal.xids_between(?::pg_snapshot, ?::pg_snapshot) b,
                                         unnest(b.first, b.beyond) r (first, beyond),
                                         generate_series(r.first::text::bigint, r.beyond::text::bigint - 1) x order by x)::text
                        """)) {
            for (int seed = 0; seed < HISTORIES; seed++) {
                History history = new History(seed);
                history.goOn();
                String last = history.snapshot();
                history.goOn();
                String now = history.snapshot();
                query.setLong(1, history.firstXid);
                query.setLong(2, history.nextXid + 3);
                query.setString(3, now);
                query.setString(4, last);
                query.setString(5, last);
                query.setString(6, now);
                try (ResultSet row = query.executeQuery()) {
                    row.next();
                    assertThat(row.getString(2))
                            .as("seed %d: between %s and %s", seed, last, now)
                            .isEqualTo(row.getString(1));
                }
            }
        }
    }

    /** What a restore leaves as a position sees nothing, and a database that lost its last transactions has older snapshots than it had. */
    @Test
    void areAllThatHaveEndedAfterARestoreAndNoneWhereTheNewerOneIsOlder() throws SQLException {
        assertThat(database.string("select tidemark_internal.xids_between('3:3:', '700:705:700,703')::text"))
                .isEqualTo("(\"{3,701,704}\",\"{700,703,705}\")");
        assertThat(database.string("select tidemark_internal.xids_between('700:705:703', '600:610:601')::text"))
                .isEqualTo("(,)");
    }
}
