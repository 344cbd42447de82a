package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final Pace PACE = new Pace(Duration.ofSeconds(30), 1000);

    @Test
    void withinTheGraceNothingNeedsToMove() {
        assertThat(PACE.isKeptBy(0, 0)).isTrue();
        assertThat(PACE.isKeptBy(0, seconds(30))).isTrue();
    }

    @Test
    void beyondItTheAverageCounts() {
        assertThat(PACE.isKeptBy(0, seconds(31))).isFalse();
        assertThat(PACE.isKeptBy(999, seconds(31))).isFalse();
        assertThat(PACE.isKeptBy(1000, seconds(31))).isTrue();
        assertThat(PACE.isKeptBy(Long.MAX_VALUE, Long.MAX_VALUE)).isTrue();
    }

    @Test
    void aPaceThatCannotBeIsRefused() {
        assertThatThrownBy(() -> new Pace(Duration.ZERO, 1)).hasMessageContaining("positive");
        assertThatThrownBy(() -> new Pace(Duration.ofSeconds(1), 0)).hasMessageContaining("positive");
    }

    private static long seconds(int seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }
}
