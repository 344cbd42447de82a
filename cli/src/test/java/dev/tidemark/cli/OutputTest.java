package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OutputTest {
    @Test
    void bytesOfAnyLengthComeOutInOrder() throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        Output out = new Output(written);
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = new byte[random.nextInt(i % 50 == 0 ? 1_000_000 : 3_000)];
            random.nextBytes(bytes);
            out.write(bytes);
            out.write('\n');
            expected.write(bytes);
            expected.write('\n');
        }
        out.flush();
        assertThat(written.toByteArray()).isEqualTo(expected.toByteArray());
    }

    @Test
    void nothingIsWrittenBeforeTheFlush() {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Output out = new Output(written);
        out.writeLine("é");
        assertThat(written.size()).isZero();
        out.flush();
        assertThat(written.toString(UTF_8)).isEqualTo("é\n");
    }

    @Test
    void closedPipeIsNoError() {
        Output out = new Output(failing("Broken pipe"));
        out.write("x");
        assertThatThrownBy(out::flush).isInstanceOf(ReaderGone.class);
        assertThatCode(out::flush)
                .as("the flush on the way out has nothing left to fail with")
                .doesNotThrowAnyException();
    }

    @Test
    void fullDiskIsAnError() {
        Output out = new Output(failing("No space left on device"));
        out.write("x");
        assertThatThrownBy(out::flush)
                .isInstanceOf(CommandFailed.class)
                .hasMessage("cannot write to standard output: No space left on device");
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int oneByte) throws IOException {
                throw new IOException(message);
            }
        };
    }
}
