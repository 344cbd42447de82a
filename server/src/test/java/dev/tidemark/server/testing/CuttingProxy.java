package dev.tidemark.server.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Stands between a server and its PostgreSQL, and cuts a connection where a test says. Statements must come as text: with a prepare threshold of 0. */
public final class CuttingProxy implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("//([^:/]+):(\\d+)/");

    private final String jdbcUrl;
    private final String host;
    private final int port;
    private final ServerSocket listening;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Queue<Cut> armed = new ConcurrentLinkedQueue<>();
    private volatile boolean away;

    /** Where to cut; each once. */
    private record Cut(String statement, boolean whenDone, boolean forGood) {}

    public CuttingProxy(String jdbcUrl) throws IOException {
        Matcher address = ADDRESS.matcher(jdbcUrl);
        if (!address.find()) {
            throw new IllegalArgumentException("no host and port in the URL");
        }
        this.host = address.group(1);
        this.port = Integer.parseInt(address.group(2));
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.jdbcUrl = address.replaceFirst("//127.0.0.1:" + listening.getLocalPort() + "/");
        start("proxy-accept", this::accept);
    }

    /** The database's by way of this proxy. */
    public String jdbcUrl() {
        return jdbcUrl;
    }

    /** The next statement with that in its text never reaches PostgreSQL: the connection is cut instead. */
    public void cutInsteadOf(String statement) {
        armed.add(new Cut(statement, false, false));
    }

    /** The next statement with that in its text is done by PostgreSQL, and the connection cut before the answer comes. */
    public void cutAnswerTo(String statement) {
        armed.add(new Cut(statement, true, false));
    }

    /** The same, and from then on PostgreSQL cannot be reached: every connection is cut, until {@link #comeBack}. */
    public void goAwayInsteadOfAnswering(String statement) {
        armed.add(new Cut(statement, true, true));
    }

    /** Connections get through again. */
    public void comeBack() {
        away = false;
    }

    /** Whether all cuts that were asked for have been made. They are made in that order. */
    public boolean hasCut() {
        return armed.isEmpty();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listening.accept();
            if (away) {
                client.close();
                continue;
            }
            Socket server = new Socket(host, port);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(server);
            Connection connection = new Connection(client, server);
            start("proxy-requests", connection::requests);
            start("proxy-answers", connection::answers);
        }
    }

    private interface Pump {
        void run() throws IOException;
    }

    private static void start(String name, Pump pump) {
        Thread thread = new Thread(
                () -> {
                    try {
                        pump.run();
                    } catch (IOException end) {
                        // Either side has closed.
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private void goAway() throws IOException {
        away = true;
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket server;
        private volatile @Nullable Cut answerCut;

        Connection(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void requests() throws IOException {
            try (client;
                    server) {
                InputStream in = client.getInputStream();
                OutputStream out = server.getOutputStream();
                byte[] chunk = new byte[64 * 1024];
                for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                    Cut cut = armed.peek();
                    if (cut != null
                            && new String(chunk, 0, length, StandardCharsets.ISO_8859_1).contains(cut.statement())
                            && armed.remove(cut)) {
                        if (!cut.whenDone()) {
                            return;
                        }
                        answerCut = cut;
                    }
                    out.write(chunk, 0, length);
                }
            }
        }

        void answers() throws IOException {
            try (client;
                    server) {
                InputStream in = server.getInputStream();
                OutputStream out = client.getOutputStream();
                byte[] chunk = new byte[64 * 1024];
                for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                    Cut cut = answerCut;
                    if (cut != null) {
                        if (cut.forGood()) {
                            goAway();
                        }
                        return;
                    }
                    out.write(chunk, 0, length);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        goAway();
    }
}
