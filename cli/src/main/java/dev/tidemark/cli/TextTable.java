package dev.tidemark.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A table with aligned columns as psql draws it. The first rows are kept back to learn the widths from; once they are many the table is written row by row, so
 * that memory stays bounded however long it is.
 */
final class TextTable {
    private static final int ROWS_KEPT_BACK = 10_000;
    private static final int CHARACTERS_KEPT_BACK = 4_000_000;

    /** A cell wider than this stands out of its column: to pad all others to it would show nobody more. */
    private static final int MAX_WIDTH = 250;

    private static final String NULL = "NULL";

    /** @param rightAligned numbers stand at the right */
    record Column(String name, boolean rightAligned) {
        static Column ofText(String name) {
            return new Column(name, false);
        }

        static Column ofNumbers(String name) {
            return new Column(name, true);
        }
    }

    private final List<Column> columns;
    private final Output out;
    private final int[] widths;
    private @Nullable List<List<String>> keptBack = new ArrayList<>();
    private int charactersKeptBack;

    TextTable(List<Column> columns, Output out) {
        this.columns = List.copyOf(columns);
        this.out = out;
        this.widths = columns.stream()
                .mapToInt(column -> DisplayText.width(DisplayText.of(column.name())))
                .toArray();
    }

    /** Adds a row; a cell that is null is shown as NULL. */
    void row(List<@Nullable String> cells) {
        List<String> shown = cells.stream()
                .map(cell -> cell == null ? NULL : DisplayText.of(cell))
                .toList();
        if (keptBack == null) {
            writeRow(shown);
            return;
        }
        keptBack.add(shown);
        charactersKeptBack += shown.stream().mapToInt(String::length).sum();
        if (keptBack.size() >= ROWS_KEPT_BACK || charactersKeptBack >= CHARACTERS_KEPT_BACK) {
            writeKeptBack(keptBack);
        }
    }

    /** Writes what is still kept back. */
    void end() {
        if (keptBack != null) {
            writeKeptBack(keptBack);
        }
    }

    private void writeKeptBack(List<List<String>> rows) {
        keptBack = null;
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], Math.min(DisplayText.width(row.get(i)), MAX_WIDTH));
            }
        }
        writeHead();
        rows.forEach(this::writeRow);
    }

    private void writeHead() {
        StringBuilder names = new StringBuilder();
        StringBuilder rule = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String name = DisplayText.of(columns.get(i).name());
            int left = (widths[i] - DisplayText.width(name)) / 2;
            names.append(i == 0 ? " " : " | ").append(" ".repeat(left));
            appendPadded(names, name, widths[i] - left, false);
            rule.append(i == 0 ? "-" : "-+-").append("-".repeat(widths[i]));
        }
        out.writeLine(names.toString().stripTrailing());
        out.writeLine(rule.append('-').toString());
    }

    private void writeRow(List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(i == 0 ? " " : " | ");
            appendPadded(line, cells.get(i), widths[i], columns.get(i).rightAligned());
        }
        out.writeLine(line.toString().stripTrailing());
    }

    private static void appendPadded(StringBuilder line, String text, int width, boolean right) {
        char[] blanks = new char[Math.max(0, width - DisplayText.width(text))];
        Arrays.fill(blanks, ' ');
        if (right) {
            line.append(blanks).append(text);
        } else {
            line.append(text).append(blanks);
        }
    }
}
