package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StartStepsTest {
    private final AtomicLong millis = new AtomicLong(-40);
    private final StartSteps steps = new StartSteps(() -> TimeUnit.MILLISECONDS.toNanos(millis.get()));

    @Test
    void eachStepBeginsWhereTheLastEnded() {
        millis.addAndGet(700);
        steps.done("postgres");
        millis.addAndGet(90);
        steps.done("migrate");
        millis.addAndGet(1);

        assertThat(steps.summary()).isEqualTo("postgres_ms=700 migrate_ms=90 total_ms=790");
    }
}
