package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What a database's catalogue holds of our objects, as text that must not differ. */
final class Catalogue {
    private static final List<String> QUERIES = List.of(
            "select table_schema, table_name, column_name, data_type, column_default, is_nullable"
                    + " from information_schema.columns where table_schema ~ 'tidemark|topic' order by 1, 2, 3",
            "select n.nspname, p.proname, pg_get_functiondef(p.oid), p.proacl from pg_proc p"
                    + " join pg_namespace n on n.oid = p.pronamespace where n.nspname ~ 'tidemark|topic' order by 1, 2, 3",
            "select schemaname, viewname, definition from pg_views where schemaname ~ 'tidemark|topic' order by 1, 2",
            "select schemaname, indexname, indexdef from pg_indexes where schemaname ~ 'tidemark|topic' order by 1, 2",
            "select c.conrelid::regclass::text, conname, pg_get_constraintdef(c.oid) from pg_constraint c"
                    + " join pg_namespace n on n.oid = c.connamespace where n.nspname ~ 'tidemark|topic' order by 1, 2",
            "select relname, relacl, reloptions from pg_class c join pg_namespace n on n.oid = relnamespace"
                    + " where n.nspname ~ 'tidemark|topic' order by 1",
            "select nspname, nspacl from pg_namespace where nspname ~ 'tidemark|topic' order by 1",
            "select installed_rank, version, description, type, script, checksum, installed_by, success"
                    + " from tidemark_internal.flyway_schema_history order by 1");

    private Catalogue() {}

    static List<String> of(TestDatabase database) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String query : QUERIES) {
                ResultSet rows = statement.executeQuery(query);
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    StringBuilder line = new StringBuilder();
                    for (int column = 1; column <= columns; column++) {
                        line.append(rows.getString(column)).append(" | ");
                    }
                    lines.add(line.toString());
                }
            }
        }
        assertThat(lines).hasSizeGreaterThan(50);
        return lines;
    }
}
