package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class KeyValueLineTest {
    @Test
    void firstSeparatorDividesKeyFromValue() throws Exception {
        assertThat(parse("::", "a::b::c")).isEqualTo("a|b::c");
    }

    @Test
    void keyAndValueMayBeEmpty() throws Exception {
        assertThat(parse(":", ":")).isEqualTo("|");
        assertThat(parse(":", ":v")).isEqualTo("|v");
        assertThat(parse(":", "k:")).isEqualTo("k|");
    }

    @Test
    void separatorMayBeSeveralBytesOfOneCharacter() throws Exception {
        assertThat(parse("→", "a→b")).isEqualTo("a|b");
    }

    @Test
    void lineWithoutSeparatorMakesNoRecord() {
        assertThatThrownBy(() -> parse("::", "a:b")).isInstanceOf(BadLine.class).hasMessageContaining("no separator");
    }

    @Test
    void bytesThatAreNoTextPassThrough() throws Exception {
        InputRecord record =
                new KeyValueLine(Separator.bytes("\\t")).parse(new byte[] {(byte) 0xff, '\t', (byte) 0xc0, '\r'});
        assertThat(record.key()).isEqualTo(new byte[] {(byte) 0xff});
        assertThat(record.value()).isEqualTo(new byte[] {(byte) 0xc0, '\r'});
    }

    @Test
    void separatorThatCannotSeparateIsRefused() {
        assertThatThrownBy(() -> Separator.bytes("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Separator.bytes("a\nb")).isInstanceOf(IllegalArgumentException.class);
    }

    private static String parse(String separator, String line) throws BadLine {
        InputRecord record = new KeyValueLine(Separator.bytes(separator)).parse(line.getBytes(UTF_8));
        return new String(record.key(), UTF_8) + "|" + new String(record.value(), UTF_8);
    }
}
