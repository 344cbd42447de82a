package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class MigrateCommandTest {
    /** What a schema consists of, and Flyway's word on how it came about; ids and times aside. */
    private static final List<String> CATALOGUE = List.of(
            "select table_schema, table_name, column_name, data_type, column_default, is_nullable"
                    + " from information_schema.columns where table_schema ~ 'tidemark|topic' order by 1, 2, 3",
            "select oid::regprocedure, md5(prosrc), proconfig from pg_proc"
                    + " where pronamespace::regnamespace::text ~ 'tidemark|topic' order by oid::regprocedure::text",
            "select indexdef from pg_indexes where schemaname ~ 'tidemark|topic' order by 1",
            "select installed_rank, version, script, checksum, success from tidemark_internal.flyway_schema_history order by 1");

    @RegisterExtension
    static final TestDatabase migrated = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase printed = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase empty = TestDatabase.empty();

    @Test
    void printedSqlEndsWhereMigratingEnds() {
        assertThat(run(printed, "migrate", "--print").quietly().text()).contains("create schema");
        assertThat(run(migrated, "migrate").quietly().text()).matches("migrations run: [1-9]\\d*\n");

        // As psql would: all of its own language in there is one line that makes it stop at an error, as sql does
        // anyway.
        String script = run(printed, "migrate", "--print").quietly().lines().stream()
                .filter(line -> !line.startsWith("\\"))
                .collect(Collectors.joining("\n"));
        assertThat(Ran.of(script.getBytes(UTF_8), List.of("sql", "-", "--write", "--jdbc-url", printed.jdbcUrl()))
                        .exitCode())
                .isZero();

        assertThat(catalogue(printed)).isEqualTo(catalogue(migrated));
        assertThat(run(printed, "migrate").quietly().text()).isEqualTo("migrations run: 0\n");
        assertThat(run(printed, "migrate", "--print").quietly().text()).contains("0 pending migrations");
    }

    private static List<String> catalogue(TestDatabase database) {
        List<String> rows = CATALOGUE.stream()
                .flatMap(query -> run(database, "sql", query, "--format", "csv").quietly().lines().stream())
                .toList();
        assertThat(rows).hasSizeGreaterThan(50);
        return rows;
    }

    @Test
    void printingWhereNothingFitsIsOneLineAndExitCode1() {
        OutputStream fullDisk = new OutputStream() {
            @Override
            public void write(int oneByte) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams =
                new Streams(InputStream.nullInputStream(), fullDisk, new PrintStream(err, true, UTF_8), false);

        assertThat(TidemarkCli.run(streams, "migrate", "--print", "--jdbc-url", empty.jdbcUrl()))
                .isEqualTo(1);
        assertThat(err.toString(UTF_8))
                .isEqualTo("tidemark: cannot write to standard output: No space left on device\n");
    }

    @Test
    void withoutADatabaseItSaysHowToNameOne() {
        Ran ran = run("migrate");
        assertThat(ran.exitCode()).isEqualTo(2);
        assertThat(ran.err()).contains("--jdbc-url", "TIDEMARK_JDBC_URL").hasLineCount(1);
    }

    @Test
    void databaseThatIsNotThereIsOneLineThatHidesThePassword() {
        for (String print : List.of("", "--print")) {
            Ran ran = run(("migrate --jdbc-url jdbc:postgresql://127.0.0.1:1/x?user=u&password=secret " + print)
                    .strip()
                    .split(" "));
            ran.refusedWith("127.0.0.1:1/x");
            assertThat(ran.err()).doesNotContain("secret");
        }
    }

    private static Ran run(TestDatabase database, String... command) {
        return run(Stream.concat(Stream.of(command), Stream.of("--jdbc-url", database.jdbcUrl()))
                .toArray(String[]::new));
    }

    private static Ran run(String... command) {
        return Ran.of(new byte[0], List.of(command));
    }
}
