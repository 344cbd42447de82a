package dev.tidemark.client;

import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Which server requests go to: one of them for as long as it serves, because its tail cache is warm for us; then the next. Thread-safe. */
final class ServerList {
    private final List<URI> servers;
    private final AtomicInteger current;

    ServerList(List<URI> servers, int first) {
        this.servers = servers;
        this.current = new AtomicInteger(Math.floorMod(first, servers.size()));
    }

    URI current() {
        return servers.get(current.get());
    }

    /** That server did not serve. Several requests in flight may report it; it counts once. */
    void failed(URI server) {
        int index = current.get();
        if (servers.get(index).equals(server)) {
            current.compareAndSet(index, (index + 1) % servers.size());
        }
    }
}
