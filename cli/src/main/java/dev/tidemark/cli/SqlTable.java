package dev.tidemark.cli;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An aligned table and the number of rows, as psql prints them. */
final class SqlTable implements SqlResult {
    @Override
    public void write(ResultSet rows, Output out) throws SQLException {
        List<TextTable.Column> columns = columns(rows.getMetaData());
        TextTable table = new TextTable(columns, out);
        long count = 0;
        for (; rows.next(); count++) {
            table.row(cells(rows, columns.size()));
        }
        table.end();
        out.writeLine("(" + Quantity.of(count, "row") + ")");
    }

    private static List<TextTable.Column> columns(ResultSetMetaData metaData) throws SQLException {
        List<TextTable.Column> columns = new ArrayList<>();
        for (int i = 1; i <= metaData.getColumnCount(); i++) {
            columns.add(new TextTable.Column(metaData.getColumnLabel(i), isNumber(metaData.getColumnType(i))));
        }
        return columns;
    }

    static boolean isNumber(int sqlType) {
        return switch (sqlType) {
            case Types.SMALLINT, Types.INTEGER, Types.BIGINT, Types.REAL, Types.DOUBLE, Types.NUMERIC, Types.DECIMAL ->
                true;
            default -> false;
        };
    }

    private static List<@Nullable String> cells(ResultSet rows, int count) throws SQLException {
        @Nullable String[] cells = new @Nullable String[count];
        for (int i = 0; i < count; i++) {
            cells[i] = rows.getString(i + 1);
        }
        return Arrays.asList(cells);
    }
}
