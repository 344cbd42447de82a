package dev.tidemark.server.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import javax.net.SocketFactory;
import jdk.net.ExtendedSocketOptions;

/**
 * Sockets on which a PostgreSQL that has vanished, host and all, is noticed within half a minute of silence: the system's own keepalive would take two
 * hours; and one that takes nothing of what is written to it, within the time an answer may take. Made by pgjdbc, by name.
 */
public final class KeepAliveSockets extends SocketFactory {
    private static final int IDLE_S = 10;
    private static final int INTERVAL_S = 5;
    private static final int PROBES = 4;

    @Override
    public Socket createSocket() throws IOException {
        Socket socket = new WatchedSocket();
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        setWhereKnown(socket, ExtendedSocketOptions.TCP_KEEPIDLE, IDLE_S);
        setWhereKnown(socket, ExtendedSocketOptions.TCP_KEEPINTERVAL, INTERVAL_S);
        setWhereKnown(socket, ExtendedSocketOptions.TCP_KEEPCOUNT, PROBES);
        return socket;
    }

    private static void setWhereKnown(Socket socket, SocketOption<Integer> option, int value) throws IOException {
        if (socket.supportedOptions().contains(option)) {
            socket.setOption(option, value);
        }
    }

    /** pgjdbc makes them unconnected. */
    private static Socket refused() {
        throw new UncheckedIOException(new IOException("only unconnected sockets are made here"));
    }

    @Override
    public Socket createSocket(String host, int port) {
        return refused();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
        return refused();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
        return refused();
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort) {
        return refused();
    }
}
