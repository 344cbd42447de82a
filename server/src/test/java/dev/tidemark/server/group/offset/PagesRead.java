package dev.tidemark.server.group.offset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Pattern;

/** What a query looks at. */
final class PagesRead {
    private static final Pattern PAGES = Pattern.compile("(?:hit|read)=(\\d+)");

    private PagesRead() {}

    /** Pages of shared buffers, of the second execution in a session, when the catalogue is known. */
    static long of(TestDatabase database, String query) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            String explained = "";
            for (int n = 0; n < 2; n++) {
                var rows = statement.executeQuery(
                        "explain (analyze, buffers, costs off, timing off, summary off) " + query);
                explained = "";
                while (rows.next() && !explained.contains("Buffers: shared")) {
                    explained = rows.getString(1);
                }
            }
            var hits = PAGES.matcher(explained);
            long pages = 0;
            while (hits.find()) {
                pages += Long.parseLong(hits.group(1));
            }
            assertThat(pages).as(explained).isPositive();
            return pages;
        }
    }
}
