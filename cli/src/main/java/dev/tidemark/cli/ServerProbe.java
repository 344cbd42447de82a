package dev.tidemark.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Looks whether anybody listens where the servers should be. The SDK keeps trying for a while, which is right for a program in the middle of its work; a person
 * who mistyped an address, or has not started a server yet, should be told at once.
 */
final class ServerProbe {
    private static final int CONNECT_TIMEOUT_MS = 5_000;

    private ServerProbe() {}

    /** @throws CommandFailed when none of the comma-separated addresses takes connections */
    static void requireOneThatListens(String servers) {
        List<String> failures = new ArrayList<>();
        for (String server : servers.split(",")) {
            String failure = tryToConnect(server.strip());
            if (failure.isEmpty()) {
                return;
            }
            failures.add(server.strip() + " (" + failure + ")");
        }
        throw new CommandFailed("cannot connect to " + String.join(" or ", failures)
                + "; 'tidemark server' starts a server, --server or TIDEMARK_SERVER says where one is");
    }

    /** What was in the way; empty when nothing was. */
    private static String tryToConnect(String server) {
        URI uri = URI.create(server.contains("://") ? server : "http://" + server);
        InetSocketAddress address = new InetSocketAddress(uri.getHost(), port(uri));
        if (address.isUnresolved()) {
            return "there is no such host";
        }
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_TIMEOUT_MS);
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        }
    }

    private static int port(URI uri) {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }
}
