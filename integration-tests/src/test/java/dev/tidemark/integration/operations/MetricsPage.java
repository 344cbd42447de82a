package dev.tidemark.integration.operations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The section "Metrics" of {@code docs/operations.md}: tables whose rows begin with a metric's name, or with a pattern of names that differ between Javas. */
final class MetricsPage {
    static final String FILE = "docs/operations.md";

    private static final Pattern ROW = Pattern.compile("^\\| `([a-z_0-9]+\\*?)` \\|.*");
    private static final int COLUMNS = 4;

    private final List<String> lines;

    private MetricsPage(List<String> lines) {
        this.lines = lines;
    }

    static MetricsPage read() {
        try {
            List<String> page = Files.readAllLines(Path.of("..").resolve(FILE));
            int from = page.indexOf("## Metrics");
            int to = from + 1;
            while (to < page.size() && !page.get(to).startsWith("## ")) {
                to++;
            }
            return new MetricsPage(page.subList(from, to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Set<String> names() {
        Set<String> names = new TreeSet<>();
        for (String line : lines) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                names.add(row.group(1));
            }
        }
        return names;
    }

    /** Rows with an empty cell, or too few of them. */
    List<String> incompleteRows() {
        return lines.stream()
                .filter(line -> ROW.matcher(line).matches())
                .filter(line -> line.split("\\|", -1).length != COLUMNS + 2
                        || Pattern.compile("\\|\\s*\\|").matcher(line).find())
                .toList();
    }

    static boolean covers(String row, String metric) {
        return row.endsWith("*") ? metric.startsWith(row.substring(0, row.length() - 1)) : row.equals(metric);
    }
}
