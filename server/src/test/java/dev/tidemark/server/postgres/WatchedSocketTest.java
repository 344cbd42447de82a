package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchedSocketTest {
    private static final int FAR_MORE_THAN_BUFFERS = 256 << 20;

    private ServerSocket listener;
    private Socket peer;
    private Socket socket;

    @BeforeEach
    void connect() throws IOException {
        listener = new ServerSocket();
        listener.setReceiveBufferSize(64 << 10);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        socket = new KeepAliveSockets().createSocket();
        socket.connect(listener.getLocalSocketAddress());
        peer = listener.accept();
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        peer.close();
        listener.close();
    }

    private static void write(OutputStream output) throws IOException {
        byte[] piece = new byte[8 << 20];
        for (int written = 0; written < FAR_MORE_THAN_BUFFERS; written += piece.length) {
            output.write(piece);
        }
    }

    @Test
    void writeThatNobodyReadsFailsWhenAnAnswersTimeIsOver() throws IOException {
        socket.setSoTimeout(300);
        OutputStream output = socket.getOutputStream();
        assertThatThrownBy(() -> write(output)).isInstanceOf(SocketException.class);
        assertThat(socket.isClosed()).isTrue();
    }

    @Test
    void thatNothingMoreIsThereIsKnownAtOnce() throws Exception {
        InputStream input = socket.getInputStream();
        socket.setSoTimeout(1);
        long startNanos = System.nanoTime();
        for (int looks = 0; looks < 1_000; looks++) {
            assertThatThrownBy(() -> input.read(new byte[1], 0, 1)).isInstanceOf(SocketTimeoutException.class);
        }
        assertThat(System.nanoTime() - startNanos)
                .as("far less than waiting each time")
                .isLessThan(TimeUnit.MILLISECONDS.toNanos(900));

        peer.getOutputStream().write(7);
        await().until(() -> input.available() == 1);
        assertThat(input.read()).isEqualTo(7);
    }

    @Test
    void readThatTakesLongerIsNotAWrite() throws Exception {
        OutputStream output = socket.getOutputStream();
        socket.setSoTimeout(300);
        output.write(1);
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        output.write(2);
        assertThat(peer.getInputStream().readNBytes(2)).containsExactly(1, 2);
    }

    @Test
    void writeIsWaitedForAsLongAsTheOtherEndTakesSomethingOfIt() throws Exception {
        socket.setSoTimeout(2_000);
        OutputStream output = socket.getOutputStream();
        CompletableFuture<Long> read = CompletableFuture.supplyAsync(this::readAll);
        write(output);
        socket.close();
        assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(FAR_MORE_THAN_BUFFERS);
    }

    private long readAll() {
        try (InputStream input = peer.getInputStream()) {
            return input.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
