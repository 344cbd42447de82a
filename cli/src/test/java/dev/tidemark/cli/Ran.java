package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;

/** What became of a command: its exit code and what it wrote. */
record Ran(int exitCode, byte[] out, String err) {
    /**
     * Runs a command in this JVM: a process of its own would take a hundred times as long, and differ only in what {@code bin/tidemark} does.
     *
     * @param input what it finds on standard input
     */
    static Ran of(byte[] input, List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams = new Streams(new ByteArrayInputStream(input), out, new PrintStream(err, true, UTF_8), false);
        int exitCode = TidemarkCli.run(streams, arguments.toArray(String[]::new));
        return new Ran(exitCode, out.toByteArray(), err.toString(UTF_8));
    }

    String text() {
        return new String(out, UTF_8);
    }

    List<String> lines() {
        return text().lines().toList();
    }

    /** It succeeded and had nothing to complain about. */
    Ran quietly() {
        assertThat(err).isEmpty();
        assertThat(exitCode).isZero();
        return this;
    }

    /** It failed without a result, and said why in one line for a person. */
    void refusedWith(String... partsOfMessage) {
        assertThat(err).startsWith("tidemark: ").contains(partsOfMessage).hasLineCount(1);
        assertThat(exitCode).isEqualTo(1);
        assertThat(text()).isEmpty();
    }
}
