package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    @Test
    void everyLineEndsAtItsNewline() throws Exception {
        assertThat(lines("a\nbc\n")).containsExactly("a", "bc");
    }

    @Test
    void lastLineCountsWithoutItsNewline() throws Exception {
        assertThat(lines("a\nbc")).containsExactly("a", "bc");
    }

    @Test
    void emptyLinesAreLines() throws Exception {
        assertThat(lines("\n\na\n\n")).containsExactly("", "", "a", "");
    }

    @Test
    void noInputIsNoLine() throws Exception {
        assertThat(lines("")).isEmpty();
    }

    @Test
    void carriageReturnsAndOtherBytesBelongToTheLine() throws Exception {
        assertThat(lines("a\r\n\u0000\u00ff\n")).containsExactly("a\r", "\u0000\u00ff");
    }

    @Test
    void lineAtTheBoundIsRead() throws Exception {
        assertThat(new LineReader(stream("12345\n"), 5).next()).hasSize(5);
        assertThat(new LineReader(stream("12345"), 5).next()).hasSize(5);
    }

    @Test
    void lineOverTheBoundIsSkippedAndTheNextOneRead() throws Exception {
        LineReader reader = new LineReader(stream("1\n" + "x".repeat(100) + "\n3\n"), 5);

        assertThat(reader.next()).isEqualTo(new byte[] {'1'});
        assertThatThrownBy(reader::next).isInstanceOf(BadLine.class).hasMessage("the line is longer than 5 bytes");
        assertThat(reader.lineNumber()).isEqualTo(2);
        assertThat(reader.next()).isEqualTo(new byte[] {'3'});
        assertThat(reader.lineNumber()).isEqualTo(3);
        assertThat(reader.next()).isNull();
    }

    @Test
    void lineOverTheBoundAtTheEndIsRefusedOnce() throws Exception {
        LineReader reader = new LineReader(stream("x".repeat(100)), 5);

        assertThatThrownBy(reader::next).isInstanceOf(BadLine.class);
        assertThat(reader.next()).isNull();
    }

    @RepeatedTest(20)
    void linesComeOutAsTheyWentInHoweverTheStreamIsCut(RepetitionInfo repetition) throws Exception {
        Random random = new Random(repetition.getCurrentRepetition());
        List<String> written = new ArrayList<>();
        StringBuilder input = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            String line = "x".repeat(random.nextInt(5_000));
            written.add(line);
            input.append(line).append('\n');
        }

        InputStream trickling = new ByteArrayInputStream(input.toString().getBytes(ISO_8859_1)) {
            @Override
            public synchronized int read(byte[] bytes, int at, int length) {
                return super.read(bytes, at, Math.min(length, 1 + random.nextInt(3_000)));
            }
        };
        assertThat(read(new LineReader(trickling, 1_000_000))).isEqualTo(written);
    }

    @Test
    void lineLongerThanTheFirstBufferIsRead() throws Exception {
        String longLine = "y".repeat(3_000_000);
        assertThat(read(new LineReader(stream("a\n" + longLine + "\nb"), 4_000_000)))
                .containsExactly("a", longLine, "b");
    }

    private static List<String> lines(String input) throws Exception {
        return read(new LineReader(stream(input), 1000));
    }

    private static List<String> read(LineReader reader) throws IOException, BadLine {
        List<String> lines = new ArrayList<>();
        for (byte[] line = reader.next(); line != null; line = reader.next()) {
            lines.add(new String(line, ISO_8859_1));
            assertThat(reader.lineNumber()).isEqualTo(lines.size());
        }
        return lines;
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(ISO_8859_1));
    }
}
