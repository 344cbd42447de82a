package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerVersionTest {
    @ParameterizedTest
    @CsvSource({"0.1.0, 0.1.1", "0.9.9, 0.10.0", "1.99.0, 2.0.0", "0.1.0-SNAPSHOT, 0.2.0"})
    void versionsAreOrderedByTheirNumbers(String older, String newer) {
        assertThat(ServerVersion.of(older).isOlderThan(ServerVersion.of(newer))).isTrue();
        assertThat(ServerVersion.of(newer).isOlderThan(ServerVersion.of(older))).isFalse();
    }

    @Test
    void whatStandsBehindTheNumbersMakesNoDifference() {
        assertThat(ServerVersion.of("1.2.3-SNAPSHOT"))
                .isEqualTo(ServerVersion.of("1.2.3"))
                .hasToString("1.2.3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1.2", "1.2.x", "1.2.3.4", "v1.2.3", "9999999999.0.0", "${project.version}"})
    void otherTextIsRefused(String text) {
        assertThatThrownBy(() -> ServerVersion.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void buildKnowsItsOwn() {
        assertThat(ServerVersion.of("0.0.0").isOlderThan(ServerVersion.current()))
                .isTrue();
    }
}
