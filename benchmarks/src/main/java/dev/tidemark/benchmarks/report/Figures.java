package dev.tidemark.benchmarks.report;

import dev.tidemark.benchmarks.measure.Spread;
import java.util.Locale;

/** How figures read: three digits that mean something, and a dash for what is not known. */
final class Figures {
    private static final String UNKNOWN = "–";

    private Figures() {}

    /** For example {@code 318,000} or {@code 0.42}. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return UNKNOWN;
        }
        double size = Math.abs(value);
        if (size >= 1000) {
            double unit = Math.pow(10, Math.floor(Math.log10(size)) - 2);
            return String.format(Locale.ROOT, "%,.0f", Math.round(value / unit) * unit);
        }
        return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }

    static String range(Spread spread) {
        return spread.count() == 0 ? UNKNOWN : number(spread.min()) + "–" + number(spread.max());
    }
}
