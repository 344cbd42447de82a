package dev.tidemark.server.postgres;

import dev.tidemark.server.postgres.check.Finding;
import dev.tidemark.server.postgres.check.LockTable;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the number of segments beside the room in PostgreSQL's lock table: in metrics, and with a warning when it becomes too many. */
public final class LockTableWatch {
    private static final Logger LOG = LoggerFactory.getLogger(LockTableWatch.class);

    private final Database database;
    private volatile LockTable last = new LockTable(0, 0, 0, 0);
    private boolean warned;

    public LockTableWatch(Database database, MeterRegistry metrics) {
        this.database = database;
        Gauge.builder("tidemark_postgres_lock_table_entries", () -> last.room())
                .description("Locks that PostgreSQL's lock table has room for, of everybody together")
                .register(metrics);
        Gauge.builder("tidemark_postgres_leaves", () -> last.leaves())
                .description("Tables that hold segments; pg_dump locks each of them")
                .register(metrics);
    }

    /** Looks now; the warning is given again only after it had become unnecessary. */
    public synchronized void look() {
        try (Connection connection = database.connection()) {
            last = LockTable.read(connection, database.schemas().internal());
        } catch (SQLException failure) {
            throw SqlStates.unavailable(failure);
        }
        Optional<Finding> shortage = last.shortage();
        if (shortage.isPresent() && !warned) {
            LOG.warn("the database {}", shortage.get().line());
        }
        warned = shortage.isPresent();
    }
}
