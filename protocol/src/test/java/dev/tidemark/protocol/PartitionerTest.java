package dev.tidemark.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionerTest {
    /** The vectors of Apache Kafka's UtilsTest. */
    @ParameterizedTest
    @CsvSource({
        "21, -973932308",
        "foobar, -790332482",
        "a-little-bit-long-string, -985981536",
        "a-little-bit-longer-string, -1486304829",
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8, -58897971",
        "abc, 479470107"
    })
    void hashesAsKafkaDoes(String key, int hash) {
        assertThat(Murmur2.hash(bytes(key))).isEqualTo(hash);
    }

    @Test
    void hashesAPartOfAnArrayAsThePartAlone() {
        byte[] around = bytes("xxfoobaryyy");
        assertThat(Murmur2.hash(around, 2, 6)).isEqualTo(Murmur2.hash(bytes("foobar")));
    }

    @ParameterizedTest
    @CsvSource({"21, 6", "foobar, 6", "a-little-bit-long-string, 7", "'', 10000"})
    void aKeysPartitionIsTheHashWithoutItsSignModuloTheCount(String key, int count) {
        int expected = (Murmur2.hash(bytes(key)) & 0x7fffffff) % count;
        assertThat(Partitioner.forKey(bytes(key), count)).isEqualTo(expected).isBetween(0, count - 1);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
