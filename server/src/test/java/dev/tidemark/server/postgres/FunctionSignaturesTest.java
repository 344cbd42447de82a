package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A running server of the version before calls functions as that knew them, while this version's migrations replace them under it. So a function keeps its
 * name, arguments and result for as long as servers that call it may run; what needs others is a new function beside it, with a number in its name.
 */
class FunctionSignaturesTest {
    private static final String FUNCTIONS = """
            select format('%s.%s(%s) returns %s', n.nspname, p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('tidemark', 'tidemark_internal')
            """;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Test
    void functionsThatServersCallKeepTheirSignatures() throws IOException, SQLException {
        List<String> promised = promised();
        assertThat(promised).hasSizeGreaterThan(10);
        assertThat(functions())
                .as("functions as src/test/resources/db/functions.txt has them: see CONTRIBUTING.md, \"The schema\"")
                .containsAll(promised);
    }

    private static List<String> promised() throws IOException {
        try (InputStream file = FunctionSignaturesTest.class.getResourceAsStream("/db/functions.txt")) {
            return new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        }
    }

    private static TreeSet<String> functions() throws SQLException {
        TreeSet<String> functions = new TreeSet<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(FUNCTIONS)) {
            while (rows.next()) {
                functions.add(rows.getString(1));
            }
        }
        return functions;
    }
}
