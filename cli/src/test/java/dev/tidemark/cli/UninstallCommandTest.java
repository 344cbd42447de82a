package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class UninstallCommandTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @RegisterExtension
    static final TestDatabase empty = TestDatabase.empty();

    private static Ran run(TestDatabase on, String... more) {
        return Ran.of(
                new byte[0],
                java.util.stream.Stream.concat(
                                java.util.stream.Stream.of("uninstall", "--jdbc-url", on.jdbcUrl()),
                                java.util.stream.Stream.of(more))
                        .toList());
    }

    @Test
    void withoutAYesItSaysWhatItWouldDropAndWithOneItDropsIt() throws Exception {
        run(database).refusedWith("would drop the schemas tidemark, tidemark_internal and topic", "say --yes");
        assertThat(database.string("select count(*) from tidemark.topics")).isEqualTo("0");

        assertThat(run(database, "--yes").quietly().text())
                .contains("dropped the schemas tidemark, tidemark_internal and topic", "with 0 topics")
                .contains("tidemark_reader and tidemark_writer");

        assertThat(database.string("select to_regnamespace('tidemark') is null"))
                .isEqualTo("t");
        run(database, "--yes").refusedWith("has no Tidemark");
    }

    @Test
    void databaseWithoutTidemarkIsOneLine() {
        run(empty, "--yes").refusedWith("has no Tidemark in the schemas tidemark and topic");
    }

    @Test
    void withoutADatabaseItSaysHowToNameOne() {
        Ran ran = Ran.of(new byte[0], List.of("uninstall", "--yes"));
        assertThat(ran.exitCode()).isEqualTo(2);
        assertThat(ran.err()).contains("--jdbc-url", "TIDEMARK_JDBC_URL").hasLineCount(1);
    }
}
