package dev.tidemark.benchmarks.contestant;

import dev.tidemark.benchmarks.contestant.Contestant.Label;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.measure.Spread;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** A contestant's counted rounds, in their order: the sample of one place belongs with everybody else's of that place. */
public record Result(Label label, String settings, List<Sample> samples) {
    public Result {
        samples = List.copyOf(samples);
    }

    public double[] each(ToDoubleFunction<Sample> figure) {
        return samples.stream().mapToDouble(figure).toArray();
    }

    public Spread spread(ToDoubleFunction<Sample> figure) {
        return Spread.of(each(figure));
    }
}
