package dev.tidemark.benchmarks.measure;

import java.util.Arrays;

/**
 * The middle of some measurements and how far they lie apart.
 *
 * @param count how many there were; 0 leaves the others NaN
 */
public record Spread(double median, double min, double max, int count) {
    /** NaN entries (rounds without that figure) are left out. */
    public static Spread of(double... values) {
        double[] sorted =
                Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
        if (sorted.length == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN, 0);
        }
        return new Spread(median(sorted), sorted[0], sorted[sorted.length - 1], sorted.length);
    }

    /**
     * The spread of the quotients taken pair by pair. What disturbs a whole round (a neighbour, a slow disk) disturbs both halves of its pair, so
     * this lies closer together than the quotient of two medians.
     */
    public static Spread ofRatios(double[] numerators, double[] denominators) {
        int pairs = Math.min(numerators.length, denominators.length);
        double[] ratios = new double[pairs];
        Arrays.setAll(ratios, i -> numerators[i] / denominators[i]);
        return of(ratios);
    }

    private static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
