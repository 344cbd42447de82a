package dev.tidemark.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Standard output with a large buffer. Bytes leave only when the buffer is full or on {@link #flush}.
 *
 * <p>Not thread-safe. Every method throws {@link ReaderGone} when the other end of the pipe was closed and {@link CommandFailed} when the bytes cannot be
 * written for another reason (a full disk).
 */
final class Output {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final OutputStream out;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int used;

    Output(OutputStream out) {
        this.out = out;
    }

    void write(int oneByte) {
        if (used == buffer.length) {
            drain();
        }
        buffer[used++] = (byte) oneByte;
    }

    void write(byte[] bytes) {
        write(bytes, 0, bytes.length);
    }

    void write(byte[] bytes, int at, int length) {
        if (length > buffer.length - used) {
            drain();
        }
        if (length > buffer.length) {
            writeThrough(bytes, at, length);
            return;
        }
        System.arraycopy(bytes, at, buffer, used, length);
        used += length;
    }

    /** Writes the text in UTF-8. */
    void write(String text) {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    void writeLine(String text) {
        write(text);
        write('\n');
    }

    void flush() {
        drain();
        try {
            out.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private void drain() {
        int length = used;
        // Before writing, so that a flush on the way out does not try the same bytes again.
        used = 0;
        if (length > 0) {
            writeThrough(buffer, 0, length);
        }
    }

    private void writeThrough(byte[] bytes, int at, int length) {
        try {
            out.write(bytes, at, length);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private static RuntimeException failure(IOException e) {
        // The JDK has no exception of its own for EPIPE; the text is the operating system's, not translated by Java.
        if ("Broken pipe".equals(e.getMessage()) || "Stream closed".equals(e.getMessage())) {
            return new ReaderGone(e);
        }
        return new CommandFailed("cannot write to standard output: " + e.getMessage(), e);
    }
}
