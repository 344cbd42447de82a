package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @BeforeAll
    static void produce() {
        server.run("topics", "create", "changes", "--config", "key.type=text", "--config", "value.type=json")
                .quietly();
        server.runOn(FileChanges.text(), "produce", "changes", "--key-field", "path");
    }

    @Test
    void producedRecordsAreRows() {
        Ran ran = sql(
                "select value->>'change' as change, count(*) as count from topic.changes group by 1 order by 2 desc");

        assertThat(ran.quietly().text()).isEqualTo("""
                  change  | count
                ----------+-------
                 modified |   191
                 added    |     8
                 deleted  |     1
                (3 rows)
                """);
    }

    @Test
    void csvQuotesWhatItMust() {
        Ran ran = sql("select 1 as n, null as none, '' as empty, 'a,\"b\"' as quoted", "--format", "csv");
        assertThat(ran.quietly().text()).isEqualTo("n,none,empty,quoted\n1,,\"\",\"a,\"\"b\"\"\"\n");
    }

    @Test
    void jsonIsOneObjectARow() {
        Ran ran = sql(
                "select record_offset, value->>'change' as change, headers, true as yes from topic.changes"
                        + " where record_offset < 2 order by 1",
                "--format",
                "json");
        assertThat(ran.quietly().text())
                .isEqualTo("{\"record_offset\":0,\"change\":\"modified\",\"headers\":null,\"yes\":true}\n"
                        + "{\"record_offset\":1,\"change\":\"modified\",\"headers\":null,\"yes\":true}\n");
    }

    @Test
    void severalStatementsComeFromStandardInput() {
        Ran ran = server.runOn("select 1 as a;\nselect 2 as b;\n", "sql", "-", "--jdbc-url", server.jdbcUrl());
        assertThat(ran.quietly().text()).isEqualTo(" a\n---\n 1\n(1 row)\n b\n---\n 2\n(1 row)\n");
    }

    @Test
    void scriptMayBeginWithAComment() {
        assertThat(sql("-- what one is\nselect 1 as one", "--format", "csv")
                        .quietly()
                        .text())
                .isEqualTo("one\n1\n");
        assertThat(sql("--what one=1 is\nselect 1").exitCode()).isZero();
        assertThat(sql("--wirte").exitCode()).isEqualTo(2);
    }

    @Test
    void brokenPromisesWouldBeRows() {
        assertThat(sql("select * from tidemark.verify('changes')").quietly().text())
                .endsWith("(0 rows)\n");
    }

    @Test
    void withoutWriteNothingCanBeChanged() {
        sql("create table mine (n int)").refusedWith("ERROR: ", "read-only");
        sql("set transaction read write; create table mine (n int)").refusedWith("ERROR: ");
        sql("select * from mine").refusedWith("relation \"mine\" does not exist");
    }

    @Test
    void withWriteAllStatementsTakePlaceOrNone() {
        Ran made = sql("create table kept (n int); insert into kept values (1), (2)", "--write");
        assertThat(made.exitCode()).isZero();
        assertThat(made.err()).isEqualTo("0 rows changed\n2 rows changed\n");

        sql("insert into kept values (3); select 1/0", "--write");

        assertThat(sql("select * from kept", "--format", "csv").quietly().text())
                .isEqualTo("n\n1\n2\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"selec 1", "select * from topic.nowhere", "select 1/0"})
    void whatPostgresRefusesIsOneLineInItsWords(String sql) {
        sql(sql).refusedWith("ERROR: ");
    }

    @Test
    void whatNeverReachesPostgresIsOneLineToo() {
        sql("select 'unfinished").refusedWith("Unterminated string literal");
    }

    @Test
    void embeddedDatabaseOfAStoppedServerIsOneLineThatSaysSo(@TempDir Path dataDir) throws IOException {
        Files.writeString(dataDir.resolve("port"), "1");
        Files.writeString(dataDir.resolve("password"), "secret");
        Ran ran = server.run("sql", "select 1", "--data-dir", dataDir.toString());
        ran.refusedWith("127.0.0.1:1/tidemark: ", "; it runs only while its server does");
        assertThat(ran.err()).doesNotContain("secret", ".;");
    }

    @Test
    void recordsCannotBeWrittenPastTheLog() {
        assertThat(sql("insert into topic.changes (partition) values (0)", "--write")
                        .err())
                .startsWith("tidemark: ERROR: ")
                .hasLineCount(1);
    }

    private static Ran sql(String sql, String... options) {
        return server.run(Stream.concat(Stream.of("sql", sql, "--jdbc-url", server.jdbcUrl()), Stream.of(options))
                .toArray(String[]::new));
    }
}
