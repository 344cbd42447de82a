package dev.tidemark.server.postgres;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;

/**
 * A socket whose {@link #setSoTimeout} bounds writes as it bounds reads: one that has moved nothing for that long, because nobody reads at the other end, is
 * closed by {@link WriteWatch}, and the write fails. Below TLS, so that it holds there too. And one that does not wait to learn that nothing more is there.
 */
final class WatchedSocket extends Socket {
    /** Written at a time: a peer that is only slow takes so much in any reasonable time. */
    private static final int PIECE_BYTES = 64 * 1024;

    private static final long NOT_WRITING = 0;

    /** pgjdbc waits so long after each notification whether another one comes, and only then hands over the first. */
    private static final int LOOK_FOR_MORE_MS = 1;

    private volatile int timeoutMs;
    private volatile long writingSinceNanos = NOT_WRITING;

    @Override
    public void setSoTimeout(int newTimeoutMs) throws SocketException {
        super.setSoTimeout(newTimeoutMs);
        timeoutMs = newTimeoutMs;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new PromptInput(super.getInputStream());
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        OutputStream raw = super.getOutputStream();
        WriteWatch.watch(this);
        return new TimedOutput(raw);
    }

    /** Whether a write has moved nothing for longer than the timeout. */
    boolean isOverdue(long nowNanos) {
        long since = writingSinceNanos;
        long timeout = TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        return since != NOT_WRITING && timeout > 0 && nowNanos - since > timeout;
    }

    @Override
    public void close() throws IOException {
        WriteWatch.forget(this);
        super.close();
    }

    private final class PromptInput extends FilterInputStream {
        PromptInput(InputStream raw) {
            super(raw);
        }

        @Override
        public int read(byte[] bytes, int at, int length) throws IOException {
            if (timeoutMs == LOOK_FOR_MORE_MS && in.available() == 0) {
                throw new SocketTimeoutException("nothing more is there");
            }
            return in.read(bytes, at, length);
        }
    }

    private final class TimedOutput extends FilterOutputStream {
        TimedOutput(OutputStream raw) {
            super(raw);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int at, int length) throws IOException {
            try {
                for (int done = 0; done < length; done += PIECE_BYTES) {
                    // Never NOT_WRITING.
                    writingSinceNanos = System.nanoTime() | 1;
                    out.write(bytes, at + done, Math.min(PIECE_BYTES, length - done));
                }
            } finally {
                writingSinceNanos = NOT_WRITING;
            }
        }
    }
}
