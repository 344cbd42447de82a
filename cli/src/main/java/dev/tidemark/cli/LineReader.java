package dev.tidemark.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Splits a stream into lines of bytes. A line ends at a newline, which is not part of it, or at the end of the stream; everything else, carriage returns
 * too, belongs to the line. Not thread-safe.
 */
final class LineReader {
    private static final int BLOCK_BYTES = 256 * 1024;

    private final InputStream in;
    private final int maxLineBytes;
    private byte[] buffer;
    /** The unread bytes are [at, end); none of [at, scanned) is a newline. */
    private int at;

    private int scanned;
    private int end;
    private boolean ended;
    private long lines;

    /** @param maxLineBytes bound on one line, and so on the memory used */
    LineReader(InputStream in, int maxLineBytes) {
        this.in = in;
        this.maxLineBytes = maxLineBytes;
        this.buffer = new byte[Math.min(BLOCK_BYTES, maxLineBytes + 1)];
    }

    /** The number of the line {@link #next} returned or refused last, from 1. */
    long lineNumber() {
        return lines;
    }

    /**
     * The next line, or null at the end of the stream.
     *
     * @throws BadLine when the line is longer than the bound; it has been skipped, and reading may go on
     */
    byte @Nullable [] next() throws IOException, BadLine {
        while (true) {
            if (scanToNewline()) {
                return take(scanned - 1);
            }
            if (end - at > maxLineBytes) {
                skipLine();
                throw new BadLine("the line is longer than " + maxLineBytes + " bytes");
            }
            if (!fill()) {
                return at == end ? null : take(end);
            }
        }
    }

    /** Moves {@code scanned} behind the next newline, or to the end of what was read. */
    private boolean scanToNewline() {
        while (scanned < end) {
            if (buffer[scanned++] == '\n') {
                return true;
            }
        }
        return false;
    }

    private byte[] take(int lineEnd) {
        byte[] line = Arrays.copyOfRange(buffer, at, lineEnd);
        at = scanned;
        lines++;
        return line;
    }

    private void skipLine() throws IOException {
        lines++;
        do {
            at = end;
        } while (fill() && !scanToNewline());
        at = scanned;
    }

    /** Reads more bytes behind the unread ones; false at the end of the stream. */
    private boolean fill() throws IOException {
        if (ended) {
            return false;
        }
        makeRoom();
        int read = in.read(buffer, end, buffer.length - end);
        ended = read < 0;
        end += Math.max(read, 0);
        return !ended;
    }

    private void makeRoom() {
        System.arraycopy(buffer, at, buffer, 0, end - at);
        end -= at;
        scanned -= at;
        at = 0;
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, (int) Math.min(2L * buffer.length, maxLineBytes + 1L));
        }
    }
}
