package dev.tidemark.cli;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One JSON object a row and a line: numbers, truth values and JSON as such, everything else as PostgreSQL's text for it. */
final class SqlJson implements SqlResult {
    enum Kind {
        NUMBER,
        BOOLEAN,
        JSON,
        TEXT
    }

    private record Column(byte[] name, Kind kind) {}

    @Override
    public void write(ResultSet rows, Output out) throws SQLException {
        List<Column> columns = columns(rows.getMetaData());
        while (rows.next()) {
            out.write('{');
            for (int i = 0; i < columns.size(); i++) {
                if (i > 0) {
                    out.write(',');
                }
                JsonStrings.write(columns.get(i).name(), out);
                out.write(':');
                writeValue(rows.getString(i + 1), columns.get(i).kind(), out);
            }
            out.write("}\n");
        }
    }

    private static List<Column> columns(ResultSetMetaData metaData) throws SQLException {
        List<Column> columns = new ArrayList<>();
        for (int i = 1; i <= metaData.getColumnCount(); i++) {
            byte[] name = metaData.getColumnLabel(i).getBytes(StandardCharsets.UTF_8);
            columns.add(new Column(name, kind(metaData.getColumnType(i), metaData.getColumnTypeName(i))));
        }
        return columns;
    }

    private static Kind kind(int sqlType, String typeName) {
        if (SqlTable.isNumber(sqlType)) {
            return Kind.NUMBER;
        }
        if (sqlType == Types.BIT || sqlType == Types.BOOLEAN) {
            return typeName.equals("bool") ? Kind.BOOLEAN : Kind.TEXT;
        }
        return typeName.equals("json") || typeName.equals("jsonb") ? Kind.JSON : Kind.TEXT;
    }

    static void writeValue(@Nullable String text, Kind kind, Output out) {
        if (text == null) {
            out.write("null");
            return;
        }
        switch (kind) {
            case NUMBER -> writeNumber(text, out);
            case BOOLEAN -> out.write(text.equals("t") ? "true" : "false");
            // In JSON these can only stand between tokens.
            case JSON -> out.write(text.replace('\n', ' ').replace('\r', ' '));
            case TEXT -> JsonStrings.write(text, out);
        }
    }

    /** NaN and the infinities are no JSON numbers, nor is money's currency sign. */
    private static void writeNumber(String text, Output out) {
        if (text.chars().allMatch(c -> (c >= '0' && c <= '9') || "+-.eE".indexOf(c) >= 0)) {
            out.write(text);
        } else {
            JsonStrings.write(text, out);
        }
    }
}
