package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimestampsTest {
    private static final DateTimeFormatter REFERENCE = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    @ParameterizedTest
    @CsvSource({
        "1970-01-01T00:00:00Z, 0",
        "1970-01-01T00:00:00.001Z, 1",
        "1969-12-31T23:59:59.999Z, -1",
        "2026-11-22T09:57:26.123456789Z, 1795341446123",
        "2026-11-22t09:57:26.5z, 1795341446500",
        "2026-11-22T10:57:26+01:00, 1795341446000",
        "2026-11-22T03:27:26-06:30, 1795341446000",
        "0000-01-01T00:00:00Z, -62167219200000",
        "9999-12-31T23:59:59.999Z, 253402300799999"
    })
    void rfc3339IsRead(String text, long ms) {
        assertThat(Timestamps.parse(text)).hasValue(ms);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "now",
                "2026-11-22",
                "2026-11-22T09:57:26",
                "2026-13-22T09:57:26Z",
                "2026-02-29T09:57:26Z",
                "2026-11-22T24:57:26Z",
                "2026-11-22 09:57:26Z",
                "+12026-11-22T09:57:26Z",
                "-0001-11-22T09:57:26Z",
                "9999-12-31T23:59:59-01:00",
                "1795341446123",
                "2026-11-22T09:57:26.1234567890Z",
                "2026-11-22T09:57:26Z\u0000"
            })
    void whatIsNoTimeIsRefused(String text) {
        assertThat(Timestamps.parse(text)).isEmpty();
    }

    @Test
    void timesAreWrittenInUtcWithMilliseconds() {
        assertThat(Timestamps.format(1795341446123L)).isEqualTo("2026-11-22T09:57:26.123Z");
        assertThat(Timestamps.format(-1)).isEqualTo("1969-12-31T23:59:59.999Z");
    }

    @Test
    void everyTimeIsWrittenAsTheJdkDoesAndReadBack() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            long ms = Timestamps.MIN_MS + (long) (random.nextDouble() * (Timestamps.MAX_MS - Timestamps.MIN_MS));
            String text = Timestamps.format(ms);

            assertThat(text).isEqualTo(REFERENCE.format(Instant.ofEpochMilli(ms)));
            assertThat(Timestamps.parse(text)).hasValue(ms);
        }
    }
}
