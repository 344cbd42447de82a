package dev.tidemark.server.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections whose request line and headers do not come to an end within the pace's grace, or do not begin within the idle timeout: Jetty waits for them as long as
 * a byte comes now and then, of a TLS handshake for instance, or of an empty line. Nobody is answered, since nobody has asked anything yet. Thread-safe.
 */
final class SlowHeads implements Connection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(SlowHeads.class);
    private static final Begun NONE = new Begun(0, -1, false);

    private final long graceNanos;
    private final long idleNanos;
    /** With the head that was coming in, or waited for, when the connection was last looked at. */
    private final Map<HttpConnection, Begun> connections = new ConcurrentHashMap<>();

    /** A head by the number of those before it, whether anything of it has come, and since when that is so. */
    private record Begun(long atNanos, long headsBefore, boolean comes) {
        boolean isOf(long heads, boolean coming) {
            return headsBefore == heads && comes == coming;
        }
    }

    SlowHeads(Pace pace, Duration idleTimeout) {
        this.graceNanos = pace.grace().toNanos();
        this.idleNanos = idleTimeout.toNanos();
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof HttpConnection http) {
            connections.put(http, NONE);
        }
    }

    @Override
    public void onClosed(Connection connection) {
        if (connection instanceof HttpConnection http) {
            connections.remove(http);
        }
    }

    /** To be called every second or so. */
    void look() {
        long now = System.nanoTime();
        connections.forEach((connection, before) -> {
            HttpParser parser = connection.getParser();
            long heads = connection.getMessagesIn();
            boolean comes = !parser.isStart();
            if (!parser.inHeaderState()) {
                connections.replace(connection, NONE);
            } else if (!before.isOf(heads, comes)) {
                connections.replace(connection, new Begun(now, heads, comes));
            } else if (now - before.atNanos > (comes ? graceNanos : idleNanos)) {
                LOG.info("the head of a request comes too slowly, its connection is closed");
                connection.getEndPoint().close();
            }
        });
    }
}
