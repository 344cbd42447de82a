package dev.tidemark.server.http;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections whose request line and headers do not come to an end within the pace's grace: Jetty waits for them as long as a byte comes now and then. Nobody is
 * answered, since nobody has asked anything yet. Thread-safe.
 */
final class SlowHeads implements Connection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(SlowHeads.class);
    private static final Begun NONE = new Begun(0, -1);

    private final long graceNanos;
    /** With the head that was coming in when the connection was last looked at. */
    private final Map<HttpConnection, Begun> connections = new ConcurrentHashMap<>();

    /** A head by the number of those before it, and when it was first seen. */
    private record Begun(long atNanos, long headsBefore) {}

    SlowHeads(Pace pace) {
        this.graceNanos = pace.grace().toNanos();
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
            if (parser.isStart() || !parser.inHeaderState()) {
                connections.replace(connection, NONE);
            } else if (before == NONE || before.headsBefore != heads) {
                connections.replace(connection, new Begun(now, heads));
            } else if (now - before.atNanos > graceNanos) {
                LOG.info("the head of a request comes too slowly, its connection is closed");
                connection.getEndPoint().close();
            }
        });
    }
}
