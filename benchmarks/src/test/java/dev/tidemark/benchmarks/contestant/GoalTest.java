package dev.tidemark.benchmarks.contestant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.benchmarks.contestant.Contestant.Label;
import dev.tidemark.benchmarks.contestant.Goal.Figure;
import dev.tidemark.benchmarks.measure.CpuSeconds;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoalTest {
    private static final CpuSeconds NO_CPU = new CpuSeconds(0, 0, 0);

    private static Result rates(String id, double... rates) {
        return new Result(
                new Label(id, "", id),
                "",
                Arrays.stream(rates)
                        .mapToObj(rate -> new Sample(1000, 1000 / rate, NO_CPU, 0, null))
                        .toList());
    }

    private static Result latency(String id, double p99) {
        return new Result(new Label(id, "", id), "", List.of(new Sample(1, 1, NO_CPU, 0, new LatencyMs(1, p99, p99))));
    }

    @Test
    void isMeasuredAgainstTheBestRival() {
        Goal goal = new Goal("", "me", List.of("slow", "fast"), Figure.RATE, 0.6);

        Goal.Outcome outcome = goal.judge(Map.of(
                        "me",
                        rates("me", 500, 700),
                        "slow",
                        rates("slow", 600, 600),
                        "fast",
                        rates("fast", 1000, 1000)))
                .orElseThrow();

        assertThat(outcome.rival()).isEqualTo("fast");
        assertThat(outcome.ratio().median()).isEqualTo(0.6);
        assertThat(outcome.reached()).isTrue();
        assertThat(outcome.bound()).isEqualTo("≥ 0.60");
    }

    @Test
    void lessIsBetterForLatency() {
        Goal goal = new Goal("", "me", List.of("rival"), Figure.P99, 1);

        assertThat(goal.judge(Map.of("me", latency("me", 3), "rival", latency("rival", 2)))
                        .orElseThrow()
                        .reached())
                .isFalse();
        assertThat(goal.judge(Map.of("me", latency("me", 2), "rival", latency("rival", 2)))
                        .orElseThrow()
                        .reached())
                .isTrue();
    }

    @Test
    void isPassedOverWhenOneSideDidNotRun() {
        Goal goal = new Goal("", "me", List.of("rival"), Figure.RATE, 1);

        assertThat(goal.judge(Map.of("me", rates("me", 1)))).isEmpty();
        assertThat(goal.judge(Map.of("rival", rates("rival", 1)))).isEmpty();
    }
}
