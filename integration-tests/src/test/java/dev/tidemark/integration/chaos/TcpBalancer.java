package dev.tidemark.integration.chaos;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small TCP balancer as one has in front of several servers: connections go to the servers in turn, those that fail their health check are left out and lose
 * the connections they have. It can also cut every connection, whatever is on its way.
 */
final class TcpBalancer implements AutoCloseable {
    private static final Duration CHECK_EVERY = Duration.ofMillis(250);
    private static final Duration CHECK_WITHIN = Duration.ofMillis(750);
    private static final int BUFFER_BYTES = 64 << 10;

    private final List<URI> servers;
    private final ServerSocket listening;
    private final Map<URI, Set<Link>> links = new ConcurrentHashMap<>();
    private final Set<URI> healthy = ConcurrentHashMap.newKeySet();
    private final AtomicInteger turn = new AtomicInteger();
    private final HttpClient checking = HttpClient.newHttpClient();
    private final ScheduledExecutorService checks =
            Executors.newScheduledThreadPool(2, task -> daemon(task, "balancer-check"));

    TcpBalancer(List<URI> servers) throws IOException {
        this.servers = List.copyOf(servers);
        this.listening = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        for (URI server : servers) {
            links.put(server, ConcurrentHashMap.newKeySet());
            healthy.add(server);
            checks.scheduleWithFixedDelay(() -> check(server), 0, CHECK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        }
        daemon(this::accept, "balancer").start();
    }

    String address() {
        return "http://127.0.0.1:" + listening.getLocalPort();
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                connect(listening.accept());
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** To the next healthy server in turn, or to none: then the client finds its connection closed and comes again. */
    private void connect(Socket client) {
        for (int tries = 0; tries < servers.size(); tries++) {
            URI server = servers.get(Math.floorMod(turn.getAndIncrement(), servers.size()));
            if (healthy.contains(server) && linked(client, server)) {
                return;
            }
        }
        reset(client);
    }

    private boolean linked(Socket client, URI server) {
        Socket socket = new Socket();
        try {
            socket.connect(
                    new InetSocketAddress(server.getHost(), server.getPort()),
                    Math.toIntExact(CHECK_WITHIN.toMillis()));
            new Link(client, socket, of(server)).start();
            return true;
        } catch (IOException refused) {
            reset(socket);
            return false;
        }
    }

    private Set<Link> of(URI server) {
        return links.getOrDefault(server, Set.of());
    }

    private void check(URI server) {
        HttpRequest request = HttpRequest.newBuilder(server.resolve("/health/live"))
                .timeout(CHECK_WITHIN)
                .build();
        try {
            boolean well = checking.send(request, HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
            mark(server, well);
        } catch (IOException failed) {
            mark(server, false);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void mark(URI server, boolean well) {
        if (well) {
            healthy.add(server);
        } else if (healthy.remove(server)) {
            of(server).forEach(Link::cut);
        }
    }

    /** Cuts every connection there is; new ones are taken. */
    void cutAll() {
        links.values().forEach(ofServer -> ofServer.forEach(Link::cut));
    }

    @Override
    public void close() throws IOException {
        checks.shutdownNow();
        listening.close();
        cutAll();
    }

    /** Closes with a reset, so that nobody takes it for an orderly end. */
    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException closed) {
            // It is what we wanted.
        }
    }

    /** One client's connection and the server's behind it. */
    private static final class Link {
        private final Socket client;
        private final Socket server;
        private final Set<Link> all;

        Link(Socket client, Socket server, Set<Link> all) {
            this.client = client;
            this.server = server;
            this.all = all;
        }

        void start() throws IOException {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            all.add(this);
            daemon(() -> pump(client, server), "balancer-up").start();
            daemon(() -> pump(server, client), "balancer-down").start();
        }

        private void pump(Socket from, Socket to) {
            byte[] buffer = new byte[BUFFER_BYTES];
            try (Closeable end = this::cut) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    out.write(buffer, 0, read);
                }
            } catch (IOException cut) {
                // One side went; so does the other.
            }
        }

        void cut() {
            all.remove(this);
            reset(client);
            reset(server);
        }
    }
}
