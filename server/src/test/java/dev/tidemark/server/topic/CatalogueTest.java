package dev.tidemark.server.topic;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an auditor sees who has nothing but {@code tidemark_reader}. */
class CatalogueTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Test
    void readerReadsTopicsAndTheCatalogueAndNothingElse() throws Exception {
        Topic topic;
        try (TestLog log = new TestLog(database.database())) {
            topic = log.topic(2, Map.of("value.type", "json"));
            log.append(topic, batch(1, "1", "2", "3"));
        }
        try (Connection connection = database.connect();
                Statement reader = connection.createStatement()) {
            reader.execute("grant tidemark_reader to current_user");
            reader.execute("set role tidemark_reader");

            assertThat(number(reader, "select count(*) from topic.\"" + topic.name() + "\""))
                    .isEqualTo(3);
            assertThat(number(reader, "select count(*) from tidemark.topics")).isEqualTo(1);
            assertThat(number(reader, "select sum(log_end_offset) from tidemark.partitions"))
                    .isEqualTo(3);
            assertThat(number(reader, "select last_offset from tidemark.segments where state = 'active'"))
                    .isEqualTo(2);
            assertThat(number(reader, "select last_offset from tidemark.batches where principal is not null"))
                    .isEqualTo(2);
            assertThat(number(reader, "select count(*) from tidemark.verify('" + topic.name() + "')"))
                    .isZero();
            assertThatThrownBy(() -> number(reader, "select count(*) from tidemark_internal.batch"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> reader.execute("delete from topic.\"" + topic.name() + "\""))
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void auditWithASnapshotFromBeforeADeletionGoesOnReadingTheCatalogue() throws Exception {
        try (TestLog log = new TestLog(database.database());
                Connection audit = database.connect();
                Statement report = audit.createStatement()) {
            Topic kept = log.topic(1, Map.of());
            Topic leaving = log.topic(1, Map.of());
            log.append(kept, batch(0, "1"));
            log.append(leaving, batch(0, "1"));
            audit.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            audit.setAutoCommit(false);
            assertThat(rowsOf(report, "topics", leaving)).isEqualTo(1);

            log.topics().delete(leaving.name());

            for (String view : List.of("topics", "partitions", "segments", "batches")) {
                assertThat(rowsOf(report, view, kept)).as(view).isEqualTo(1);
                assertThat(rowsOf(report, view, leaving)).as(view).isZero();
            }
            for (String view :
                    List.of("staged", "consumer_groups", "consumer_lag", "offset_commits", "partition_owners")) {
                assertThat(rowsOf(report, view, leaving)).as(view).isZero();
            }
            assertThatThrownBy(() -> number(report, "select count(*) from tidemark.verify('" + leaving.name() + "')"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("'" + leaving.name() + "' has been deleted");
            audit.rollback();
            log.topics().delete(kept.name());
        }
    }

    private static long rowsOf(Statement statement, String view, Topic topic) throws SQLException {
        return number(
                statement,
                "select count(*) from tidemark." + view + " v where to_jsonb(v)->>'topic' = '" + topic.name() + "'");
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
