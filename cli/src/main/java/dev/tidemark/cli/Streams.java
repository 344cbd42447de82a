package dev.tidemark.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a command reads and writes.
 *
 * @param out unbuffered; commands write to it through {@link Output}
 * @param errIsTerminal whether a person watches {@code err}, so that a progress line is worth drawing
 */
record Streams(InputStream in, OutputStream out, PrintStream err, boolean errIsTerminal) {
    /** The process's own. */
    static Streams ofProcess() {
        // Not System.out: a PrintStream swallows the error that says nobody reads any more.
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        return new Streams(System.in, out, System.err, standardErrorIsTerminal());
    }

    /** Writes one line to standard output: what a command with no other output did. */
    void say(String line) {
        Output output = new Output(out);
        output.writeLine(line);
        output.flush();
    }

    /** System.console() would not do: it asks whether standard input and output are terminals too, and produce reads from a pipe. */
    private static boolean standardErrorIsTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (java.io.IOException | UnsupportedOperationException notLinux) {
            return System.console() != null;
        }
    }
}
