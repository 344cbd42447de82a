package dev.tidemark.server.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemark.server.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The SQL that {@code migrate --print} writes, run by psql itself, ends where migrating ends: on an empty database and on one of an earlier version. */
class PsqlTest {
    @RegisterExtension
    static final TestDatabase migrated = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase byPsql = TestDatabase.empty();

    @BeforeAll
    static void needsPsql() throws IOException, InterruptedException {
        boolean there;
        try {
            there = new ProcessBuilder("psql", "--version").start().waitFor() == 0;
        } catch (IOException notThere) {
            there = false;
        }
        assumeTrue(there, "there is no psql");
    }

    @Test
    void psqlEndsWhereMigratingEnds(@TempDir Path folder) throws Exception {
        new Migrator(migrated.config()).migrate();
        psql(folder, new Migrator(byPsql.config()).print());
        assertThat(Catalogue.of(byPsql)).isEqualTo(Catalogue.of(migrated));
        assertThat(new Migrator(byPsql.config()).migrate()).as("left to do").isZero();

        NextRelease.expanding(migrated.config()).migrate();
        psql(folder, NextRelease.expanding(byPsql.config()).print());
        assertThat(Catalogue.of(byPsql)).isEqualTo(Catalogue.of(migrated));
        assertThat(NextRelease.expanding(byPsql.config()).migrate())
                .as("left to do")
                .isZero();
    }

    private static void psql(Path folder, String script) throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve("tidemark.sql"), script);
        String uri = byPsql.jdbcUrl().substring("jdbc:".length());
        Process psql = new ProcessBuilder(List.of("psql", "--no-psqlrc", "--quiet", "--file=" + file, uri))
                .redirectErrorStream(true)
                .start();
        String said = new String(psql.getInputStream().readAllBytes(), UTF_8);
        assertThat(psql.waitFor()).as(said).isZero();
    }
}
