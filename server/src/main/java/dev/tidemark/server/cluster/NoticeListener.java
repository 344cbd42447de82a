package dev.tidemark.server.cluster;

import dev.tidemark.server.postgres.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears by LISTEN what other servers tell, on a thread and a connection of its own, and connects again when that breaks.
 *
 * <p>A pooler in transaction mode takes LISTEN and lets nothing be heard, and would be left with the state of a session that is not ours. So LISTEN is
 * not said through a connection whose backend is not the one it began with, and after LISTEN a notification to itself must arrive. Where it cannot hear,
 * it says so and tries again a minute later.
 */
final class NoticeListener implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NoticeListener.class);

    private static final Duration PROBE_ARRIVES_WITHIN = Duration.ofSeconds(3);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration SILENCE_TO_CHECK = Duration.ofSeconds(10);
    private static final int ALIVE_WITHIN_S = 5;
    private static final Duration DEAF_RETRY = Duration.ofMinutes(1);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    private final Source source;
    private final Database database;
    private final String channel;
    private final String self;
    private final Hearer hearer;
    private final ClusterMetrics metrics;
    private final Thread thread = new Thread(this, "cluster-listener");
    private final Retries retries = new Retries();

    private volatile boolean stopped;
    private volatile boolean listening;
    private volatile @Nullable Connection current;
    private boolean saidDeaf;

    /**
     * Where connections to listen on come from.
     *
     * @param mayBePooled whether a pooler may stand between that would not let anything be heard; a connection meant for listening is taken as it is
     */
    record Source(ConnectionSource connections, boolean mayBePooled) {}

    /** What becomes of what is heard. Quick: the next notice waits. */
    interface Hearer {
        /** Notices are heard from now on; what was told before was not. */
        void listening();

        /** Nothing is heard from now on. */
        void deaf();

        void heard(Notice notice);
    }

    /** @param database where the notification to itself is sent from: over another connection, as those of other servers are */
    NoticeListener(
            Source source, Database database, String channel, String self, Hearer hearer, ClusterMetrics metrics) {
        this.source = source;
        this.database = database;
        this.channel = channel;
        this.self = self;
        this.hearer = hearer;
        this.metrics = metrics;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    boolean isListening() {
        return listening;
    }

    @Override
    public void run() {
        try {
            while (!stopped) {
                TimeUnit.NANOSECONDS.sleep(listenOnce().toNanos());
            }
        } catch (InterruptedException closing) {
            // As it was told to.
        }
    }

    /** @return how long to wait before the next try */
    private Duration listenOnce() {
        try (Connection connection = source.connections().open()) {
            current = connection;
            String obstacle = listen(connection);
            if (obstacle != null) {
                return deaf(obstacle);
            }
            if (saidDeaf || !retries.isFirst()) {
                LOG.info("notices of other servers are heard again");
            }
            retries.succeeded();
            saidDeaf = false;
            listening = true;
            hearer.listening();
            hear(connection);
            return Duration.ZERO;
        } catch (SQLException failure) {
            return disconnected(failure);
        } finally {
            current = null;
            if (listening) {
                listening = false;
                hearer.deaf();
            }
        }
    }

    private Duration disconnected(SQLException failure) {
        if (!stopped && retries.isFirst()) {
            LOG.warn("notices of other servers are not heard, connecting again: {}", failure.toString());
        }
        return retries.failed();
    }

    private Duration deaf(String obstacle) {
        if (!saidDeaf) {
            saidDeaf = true;
            LOG.warn(
                    "notices of other servers cannot be heard, log ends are polled instead: {} (TIDEMARK_LISTEN_JDBC_URL may name a direct way)",
                    obstacle);
        }
        return DEAF_RETRY;
    }

    /** @return why nothing can be heard, or null when it can */
    private @Nullable String listen(Connection connection) throws SQLException {
        if (source.mayBePooled() && isPooled(connection)) {
            return "a connection pooler stands before PostgreSQL";
        }
        try (Statement listen = connection.createStatement()) {
            // The channel's name is a schema's, of a-z, 0-9 and _.
            listen.execute("listen " + channel);
        }
        notifySelf();
        return hearsProbe(connection) ? null : "LISTEN was said, and a notification did not arrive";
    }

    /** The process id told at the connection's start is a pooler's invention, which keeps those of PostgreSQL to itself. */
    private static boolean isPooled(Connection connection) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet pid = query.executeQuery("select pg_backend_pid()")) {
            pid.next();
            return pid.getInt(1) != connection.unwrap(PGConnection.class).getBackendPID();
        }
    }

    private void notifySelf() throws SQLException {
        try (Connection other = database.connection();
                PreparedStatement notify = other.prepareStatement("select pg_notify(?, ?)")) {
            notify.setString(1, channel);
            notify.setString(2, Notice.probe(self).payload());
            notify.execute();
        }
    }

    private boolean hearsProbe(Connection connection) throws SQLException {
        boolean[] heard = {false};
        long deadline = System.nanoTime() + PROBE_ARRIVES_WITHIN.toNanos();
        while (!heard[0] && System.nanoTime() - deadline < 0) {
            take(
                    connection,
                    PROBE_ARRIVES_WITHIN,
                    notice -> heard[0] |= notice.sender().equals(self));
        }
        return heard[0];
    }

    private void hear(Connection connection) throws SQLException {
        long lastHeard = System.nanoTime();
        while (!stopped) {
            if (take(connection, LOOK_EVERY, this::hear)) {
                lastHeard = System.nanoTime();
            } else if (System.nanoTime() - lastHeard > SILENCE_TO_CHECK.toNanos()) {
                // Whatever stands between may have dropped the connection without a word.
                if (!connection.isValid(ALIVE_WITHIN_S)) {
                    throw new SQLException("the connection does not answer");
                }
                lastHeard = System.nanoTime();
            }
        }
    }

    private void hear(Notice notice) {
        if (!notice.sender().equals(self)) {
            metrics.received();
            hearer.heard(notice);
        }
    }

    /** Waits for notifications and gives what they say to the consumer. @return whether there were any */
    private boolean take(Connection connection, Duration patience, Consumer<Notice> notices) throws SQLException {
        PGNotification[] notifications =
                connection.unwrap(PGConnection.class).getNotifications(Math.toIntExact(patience.toMillis()));
        if (notifications == null) {
            return false;
        }
        for (PGNotification notification : notifications) {
            Notice.read(notification.getParameter()).ifPresentOrElse(notices, metrics::unreadable);
        }
        return notifications.length > 0;
    }

    @Override
    public void close() {
        stopped = true;
        thread.interrupt();
        Connection open = current;
        try {
            if (open != null) {
                open.abort(Runnable::run);
            }
            thread.join(STOP_WITHIN.toMillis());
        } catch (SQLException broken) {
            LOG.debug("a broken connection did not close", broken);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
