package dev.tidemark.benchmarks.system;

/** Reads counters from a page in Prometheus's text form. */
final class PrometheusText {
    private PrometheusText() {}

    /** The sum of a counter's series that carry a label with that value; 0 when there are none. */
    static double sum(String page, String counter, String label, String value) {
        String wanted = label + "=\"" + value + "\"";
        return page.lines()
                .filter(line -> line.startsWith(counter + "{") && line.contains(wanted))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
