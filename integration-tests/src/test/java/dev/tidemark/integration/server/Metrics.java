package dev.tidemark.integration.server;

import java.util.regex.Pattern;

/** Reads {@code /metrics}. */
public final class Metrics {
    private Metrics() {}

    /** The sum over a meter's label values; 0 when it is not there (yet). */
    public static double value(String prometheusText, String name) {
        Pattern sample = Pattern.compile(Pattern.quote(name) + "(\\{[^}]*})? (\\S+)");
        return prometheusText
                .lines()
                .map(sample::matcher)
                .filter(java.util.regex.Matcher::matches)
                .mapToDouble(match -> Double.parseDouble(match.group(2)))
                .sum();
    }
}
