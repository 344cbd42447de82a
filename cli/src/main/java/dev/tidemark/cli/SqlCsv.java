package dev.tidemark.cli;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Comma-separated values after RFC 4180, with a line of column names; NULL is nothing and an empty text is {@code ""}, as PostgreSQL's COPY writes them. */
final class SqlCsv implements SqlResult {
    @Override
    public void write(ResultSet rows, Output out) throws SQLException {
        ResultSetMetaData metaData = rows.getMetaData();
        int columns = metaData.getColumnCount();
        for (int i = 1; i <= columns; i++) {
            writeField(metaData.getColumnLabel(i), i, out);
        }
        out.write('\n');
        while (rows.next()) {
            for (int i = 1; i <= columns; i++) {
                writeField(rows.getString(i), i, out);
            }
            out.write('\n');
        }
    }

    static void writeField(@Nullable String text, int column, Output out) {
        if (column > 1) {
            out.write(',');
        }
        if (text == null) {
            return;
        }
        out.write(needsQuotes(text) ? quoted(text) : text);
    }

    private static boolean needsQuotes(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ',' || c == '"' || c == '\n' || c == '\r') {
                return true;
            }
        }
        return text.isEmpty();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\"", "\"\"") + '"';
    }
}
