package dev.tidemark.client;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which server requests go to. Every client has the servers in an order of its own, drawn by lot, so that many clients spread, also over those that are left when one is
 * gone. It stays with the first of them that serves, whose tail cache is warm for it; one that failed is passed by until it says that it is ready again. Thread-safe.
 *
 * <pre>
 *   up ──failed──► down ──due──► asked ──ready──► up
 *                   ▲              │
 *                   └──not ready───┘   each time twice as long until it is due, from 1 s to 30 s
 * </pre>
 */
final class ServerList {
    private static final long FIRST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final List<Server> servers = new ArrayList<>();
    private final LongSupplier nanoTime;
    private final Backoff pauses;

    /** Spares requests the lock as long as all is well. */
    private volatile boolean anyDown;

    private long failuresSoFar;

    ServerList(List<URI> uris, RandomGenerator random, LongSupplier nanoTime) {
        uris.forEach(uri -> servers.add(new Server(uri)));
        for (int i = servers.size(); i > 1; i--) {
            Collections.swap(servers, i - 1, random.nextInt(i));
        }
        this.nanoTime = nanoTime;
        this.pauses = new Backoff(FIRST_PAUSE_NANOS, MAX_PAUSE_NANOS, () -> random);
    }

    /** A server and what is known of it. */
    static final class Server {
        final URI uri;

        private boolean down;
        private boolean asked;
        /** In a row, each soon after the last. */
        private int failures;

        private long failedAt;
        private long changedNanos;
        private long dueNanos;

        Server(URI uri) {
            this.uri = uri;
        }
    }

    /**
     * A server chosen for one request.
     *
     * @param failedAt what had become of it by then, so that several requests in flight that fail together count once
     */
    record Choice(Server server, long failedAt) {
        URI uri() {
            return server.uri;
        }
    }

    /** The first that serves; when none does, the one that has been left alone for longest. */
    Choice choose() {
        if (!anyDown) {
            return new Choice(servers.get(0), servers.get(0).failedAt);
        }
        synchronized (this) {
            Server chosen = servers.get(0);
            for (Server server : servers) {
                if (!server.down) {
                    chosen = server;
                    break;
                }
                chosen = server.failedAt < chosen.failedAt ? server : chosen;
            }
            return new Choice(chosen, chosen.failedAt);
        }
    }

    /** It did not serve that request. */
    synchronized void failed(Choice choice) {
        Server server = choice.server();
        if (server.failedAt != choice.failedAt()) {
            return;
        }
        long now = nanoTime.getAsLong();
        boolean soon = server.failures > 0 && now - server.changedNanos < MAX_PAUSE_NANOS;
        server.failures = soon ? server.failures + 1 : 1;
        server.failedAt = ++failuresSoFar;
        change(server, true, now);
    }

    /** It answered that request as a server does. */
    void served(Choice choice) {
        if (anyDown) {
            synchronized (this) {
                if (choice.server().down && choice.server().failedAt == choice.failedAt()) {
                    change(choice.server(), false, nanoTime.getAsLong());
                }
            }
        }
    }

    /** A server to be asked whether it is ready again; the caller does it and says so by {@link #asked}. Null when none is due. */
    @Nullable
    Server dueToBeAsked() {
        if (!anyDown) {
            return null;
        }
        synchronized (this) {
            long now = nanoTime.getAsLong();
            for (Server server : servers) {
                if (server.down && !server.asked && now - server.dueNanos >= 0) {
                    server.asked = true;
                    return server;
                }
            }
            return null;
        }
    }

    synchronized void asked(Server server, boolean ready) {
        server.asked = false;
        if (!ready) {
            server.failures++;
        }
        if (server.down) {
            change(server, !ready, nanoTime.getAsLong());
        }
    }

    private void change(Server server, boolean down, long now) {
        server.down = down;
        server.changedNanos = now;
        server.dueNanos = now + pauses.nanos(Math.max(1, server.failures));
        anyDown = servers.stream().anyMatch(one -> one.down);
    }
}
