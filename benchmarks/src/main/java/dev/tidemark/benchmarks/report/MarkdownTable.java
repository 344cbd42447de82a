package dev.tidemark.benchmarks.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** A Markdown table, its columns lined up so that it also reads well where nothing renders it. */
final class MarkdownTable {
    private final List<List<String>> rows = new ArrayList<>();
    private final String alignment;

    /** @param alignment a letter for each column: {@code l} left (text) or {@code r} right (figures) */
    MarkdownTable(String alignment, String... headings) {
        if (alignment.length() != headings.length) {
            throw new IllegalArgumentException("alignment '" + alignment + "' for " + headings.length + " columns");
        }
        this.alignment = alignment;
        rows.add(List.of(headings));
    }

    /** @throws IllegalArgumentException when there are not as many cells as headings */
    void add(String... cells) {
        if (cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    cells.length + " cells under " + rows.get(0).size() + " headings");
        }
        rows.add(Arrays.stream(cells).map(cell -> cell.replace("|", "\\|")).toList());
    }

    String render() {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(Math.max(widths[i], 3), row.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            lines.add(line(row, widths));
        }
        lines.add(1, rule(widths));
        return String.join("\n", lines) + "\n";
    }

    private boolean isLeft(int column) {
        return alignment.charAt(column) == 'l';
    }

    private String line(List<String> row, int[] widths) {
        List<String> cells = new ArrayList<>();
        for (int i = 0; i < widths.length; i++) {
            String space = " ".repeat(widths[i] - row.get(i).length());
            cells.add(isLeft(i) ? row.get(i) + space : space + row.get(i));
        }
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |"));
    }

    private String rule(int[] widths) {
        List<String> cells = new ArrayList<>();
        for (int i = 0; i < widths.length; i++) {
            cells.add(isLeft(i) ? "-".repeat(widths[i]) : "-".repeat(widths[i] - 1) + ":");
        }
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |"));
    }
}
