package dev.tidemark.server.postgres;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool that, while PostgreSQL is away, lets few wait and many be told at once: were each to wait its time for a connection, a thousand would wait a thousand times as long. Thread-safe.
 *
 * <p>Once somebody has waited in vain, one caller at a time tries again, every so often, and the others are refused on the spot. The pool itself goes on
 * connecting, one connection at a time and with growing pauses (HikariCP: 50 ms to 5 s), and the first it gets opens the way for everybody.
 */
final class PatientPool implements AutoCloseable {
    private static final long TRY_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final HikariDataSource pool;
    private final LongSupplier nanoClock;

    /** Why the last who waited got none; null while there is nothing wrong. */
    private volatile @Nullable SQLTransientConnectionException away;

    private final AtomicLong nextTryNanos = new AtomicLong();

    private final AtomicLong connectionsGiven = new AtomicLong();

    PatientPool(HikariDataSource pool, LongSupplier nanoClock) {
        this.pool = pool;
        this.nanoClock = nanoClock;
    }

    Connection connection() throws SQLException {
        SQLTransientConnectionException known = away;
        if (known != null && pool.getHikariPoolMXBean().getIdleConnections() == 0 && !mayTry()) {
            throw new SQLTransientConnectionException(known.getMessage(), known.getSQLState(), known);
        }
        long givenBefore = connectionsGiven.get();
        try {
            Connection connection = pool.getConnection();
            connectionsGiven.incrementAndGet();
            away = null;
            return connection;
        } catch (SQLException e) {
            nextTryNanos.set(nanoClock.getAsLong() + TRY_EVERY_NANOS);
            // Whoever began to wait while PostgreSQL was away may give up after it has come back.
            if (e instanceof SQLTransientConnectionException inVain && connectionsGiven.get() == givenBefore) {
                away = inVain;
            }
            throw e;
        }
    }

    private boolean mayTry() {
        long now = nanoClock.getAsLong();
        long next = nextTryNanos.get();
        // Until this try is over: whoever comes meanwhile is not the one.
        return now - next >= 0 && nextTryNanos.compareAndSet(next, now + TimeUnit.MINUTES.toNanos(1));
    }

    @Override
    public void close() {
        pool.close();
    }
}
