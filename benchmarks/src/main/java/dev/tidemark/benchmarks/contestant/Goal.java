package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.measure.Spread;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * A promise about two contestants: the quotient of their figures, pair by pair.
 *
 * @param candidate id of the one the promise is about
 * @param rivals ids of those it is measured against: the best of them by median, where there are several
 * @param bound of the median quotient
 */
public record Goal(String text, String candidate, List<String> rivals, Figure figure, double bound) {
    /** What is compared, and which way is good. */
    public enum Figure {
        RATE(Sample::recordsPerSecond, true),
        P50(sample -> latency(sample).p50(), false),
        P99(sample -> latency(sample).p99(), false);

        private final ToDoubleFunction<Sample> of;
        private final boolean higherIsBetter;

        Figure(ToDoubleFunction<Sample> of, boolean higherIsBetter) {
            this.of = of;
            this.higherIsBetter = higherIsBetter;
        }

        private static LatencyMs latency(Sample sample) {
            LatencyMs latency = sample.latency();
            return latency == null ? new LatencyMs(Double.NaN, Double.NaN, Double.NaN) : latency;
        }
    }

    /** @param rival the best of the rivals */
    public record Outcome(Goal goal, String rival, Spread ratio) {
        public boolean reached() {
            return goal.figure().higherIsBetter ? ratio.median() >= goal.bound() : ratio.median() <= goal.bound();
        }

        /** For example {@code ≥ 0.60}. */
        public String bound() {
            return String.format("%s %.2f", goal.figure().higherIsBetter ? "≥" : "≤", goal.bound());
        }
    }

    /** Empty when the run left the candidate or every rival out. */
    public Optional<Outcome> judge(Map<String, Result> results) {
        Result mine = results.get(candidate);
        Comparator<Result> byMedian =
                Comparator.comparingDouble(result -> result.spread(figure.of).median());
        Optional<Result> best = rivals.stream()
                .filter(results::containsKey)
                .map(results::get)
                .max(figure.higherIsBetter ? byMedian : byMedian.reversed());
        if (mine == null || best.isEmpty()) {
            return Optional.empty();
        }
        Result rival = best.get();
        return Optional.of(
                new Outcome(this, rival.label().name(), Spread.ofRatios(mine.each(figure.of), rival.each(figure.of))));
    }
}
