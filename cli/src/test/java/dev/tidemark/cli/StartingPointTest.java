package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StartingPointTest {
    @Test
    void endsOfTheLogHaveTwoNamesEach() {
        assertThat(StartingPoint.parse("earliest")).isEqualTo(new StartingPoint.Earliest());
        assertThat(StartingPoint.parse("Beginning")).isEqualTo(new StartingPoint.Earliest());
        assertThat(StartingPoint.parse("latest")).isEqualTo(new StartingPoint.Latest());
        assertThat(StartingPoint.parse("end")).isEqualTo(new StartingPoint.Latest());
    }

    @Test
    void plainIntegerIsAnOffset() {
        assertThat(StartingPoint.parse("0")).isEqualTo(new StartingPoint.AtOffset(0));
        assertThat(StartingPoint.parse("1795339800000")).isEqualTo(new StartingPoint.AtOffset(1795339800000L));
    }

    @ParameterizedTest
    @CsvSource({
        "@1795339800000, 1795339800000",
        "@0, 0",
        "2026-11-22T09:30:00Z, 1795339800000",
        "2026-11-22T10:30:00+01:00, 1795339800000",
        "2026-11-22T09:30:00.5Z, 1795339800500",
        "2026-11-22t09:30:00z, 1795339800000"
    })
    void timeIsRfc3339OrMarkedMilliseconds(String text, long epochMs) {
        assertThat(StartingPoint.parse(text)).isEqualTo(new StartingPoint.AtTime(epochMs));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "first",
                "-1",
                "1.5",
                "@",
                "@x",
                "2026-11-22",
                "2026-11-22T09:30:00",
                "99999999999999999999",
                "2026-13-01T00:00:00Z",
                "2026-02-29T00:00:00Z"
            })
    void anythingElseIsRefusedWithTheFormsThereAre(String text) {
        assertThatThrownBy(() -> StartingPoint.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'")
                .hasMessageContaining("earliest, latest");
    }
}
