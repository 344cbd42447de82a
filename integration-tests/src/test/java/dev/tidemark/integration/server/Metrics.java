package dev.tidemark.integration.server;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code /metrics}. */
public final class Metrics {
    private Metrics() {}

    /**
     * A meter's value; 0 when it is not there (yet).
     *
     * @param label such as {@code source="tail"}; empty: the sum over all labels
     */
    public static double value(String prometheusText, String name, String label) {
        Pattern sample = Pattern.compile(Pattern.quote(name) + "(\\{[^}]*})? (\\S+)");
        return prometheusText
                .lines()
                .map(sample::matcher)
                .filter(Matcher::matches)
                .filter(match ->
                        label.isEmpty() || String.valueOf(match.group(1)).contains(label))
                .mapToDouble(match -> Double.parseDouble(match.group(2)))
                .sum();
    }
}
