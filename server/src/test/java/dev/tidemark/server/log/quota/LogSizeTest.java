package dev.tidemark.server.log.quota;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogSizeTest {
    private final LogSize size = new LogSize(1_000);

    @Test
    void whatIsAppendedCountsBeforeItIsMeasured() {
        size.measured(figures(900), 0);
        size.append(99);
        assertThat(size.isFull()).isFalse();
        size.append(1);
        assertThat(size.isFull()).isTrue();
        assertThat(size.usedBytes()).isEqualTo(1_000);
    }

    @Test
    void onceFullItIsUntilATwentiethIsFree() {
        size.measured(figures(1_000), 0);
        size.measured(figures(950), 0);
        assertThat(size.isFull()).isTrue();
        size.measured(figures(949), 0);
        assertThat(size.isFull()).isFalse();
        size.measured(figures(999), 0);
        assertThat(size.isFull()).isFalse();
    }

    @Test
    void aMeasurementContainsWhatWasAppendedBeforeIt() {
        size.append(500);
        size.measured(figures(600), size.appended());
        assertThat(size.usedBytes()).isEqualTo(600);
        size.append(10);
        assertThat(size.usedBytes()).isEqualTo(610);
    }

    @Test
    void withoutABoundItIsNeverFull() {
        LogSize unbounded = new LogSize(0);
        unbounded.measured(figures(Long.MAX_VALUE / 2), 0);
        unbounded.append(1);
        assertThat(unbounded.isFull()).isFalse();
    }

    private static LogFigures figures(long diskBytes) {
        return new LogFigures(diskBytes, 1, 1, 0);
    }
}
