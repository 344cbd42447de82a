package dev.tidemark.integration.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.integration.server.Installation;
import dev.tidemark.integration.server.Installation.Shown;
import dev.tidemark.integration.server.RunningServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class LauncherTest {
    /** Exit codes of a process that a signal ended, as a shell shows them. */
    private static final int SIGTERM_EXIT = 128 + 15;

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @TempDir
    static Path folder;

    private static Installation tidemark;

    @BeforeAll
    static void install() throws IOException {
        tidemark = Installation.in(folder).with("TIDEMARK_SERVER", server.uri().toString());
    }

    @Test
    void helpIsPrintedFromAnywhereAndThroughLinks() throws Exception {
        Shown help = tidemark.shell(
                "ln -s bin/tidemark link && ln -s \"$PWD/link\" second && cd / && \"$OLDPWD/second\" --help");
        assertThat(help.output()).startsWith("Usage: tidemark").contains("First steps:");
        assertThat(help.exitCode()).isZero();
    }

    @Test
    void wrongUsageIsOneLineAndExitCode2() throws Exception {
        Shown shown = tidemark.shell("bin/tidemark topics creat orders");
        assertThat(shown.output()).contains("did you mean").hasLineCount(1);
        assertThat(shown.exitCode()).isEqualTo(2);
    }

    @Test
    void serverThatIsNotThereIsOneLineAndExitCode1() throws Exception {
        Shown shown =
                tidemark.with("TIDEMARK_SERVER", "http://127.0.0.1:1").shell("echo lost | bin/tidemark produce orders");
        assertThat(shown.output())
                .startsWith("tidemark: cannot connect to http://127.0.0.1:1 ")
                .hasLineCount(1);
        assertThat(shown.exitCode()).isEqualTo(1);
    }

    @Test
    void sqlWithoutADatabaseIsOneLineAndExitCode1() throws Exception {
        Shown shown = tidemark.shell("bin/tidemark sql 'select 1'");
        assertThat(shown.output()).contains("tidemark-data", "--data-dir").hasLineCount(1);
        assertThat(shown.exitCode()).isEqualTo(1);
    }

    @Test
    void databaseComesFromTheEnvironment() throws Exception {
        Shown shown = tidemark.with("TIDEMARK_JDBC_URL", server.jdbcUrl())
                .shell("bin/tidemark sql --format csv 'select 1 as one' && bin/tidemark migrate");
        assertThat(shown).isEqualTo(new Shown(0, "one\n1\nmigrations run: 0\n"));
    }

    @Test
    void argumentsAreUtf8WhereThereIsNoLocale() throws Exception {
        Installation withDatabase = tidemark.with("TIDEMARK_JDBC_URL", server.jdbcUrl());
        String sql = " bin/tidemark sql --format csv $'select \\'\\xc3\\xa9\\' as e'";
        assertThat(withDatabase.shell("LC_ALL=C" + sql)).isEqualTo(new Shown(0, "e\n\u00e9\n"));
        assertThat(withDatabase.shell("env -u LC_ALL -u LC_CTYPE -u LANG" + sql))
                .isEqualTo(new Shown(0, "e\n\u00e9\n"));
    }

    @Test
    void javaThatIsNotThereIsOneLine() throws Exception {
        Shown shown = tidemark.with("JAVA_HOME", "/nowhere").shell("bin/tidemark --help");
        assertThat(shown).isEqualTo(new Shown(1, "tidemark: JAVA_HOME is /nowhere, and there is no Java\n"));
    }

    @Test
    void incompleteDistributionIsOneLine() throws Exception {
        Shown shown = tidemark.shell("mkdir -p alone && cp -r bin alone && alone/bin/tidemark --help");
        assertThat(shown.output())
                .startsWith("tidemark: no ")
                .endsWith("neither a clone nor a complete distribution\n");
        assertThat(shown.exitCode()).isEqualTo(1);
    }

    @Test
    void recordsGoThroughPipesAndReadersMayLeave() throws Exception {
        String topic = newTopic();
        String copy = newTopic();
        Path refusals = folder.resolve("refusals");
        String everything = " --from earliest --exit-at-end";
        // More than a pipe holds, so that consume is still writing when its reader leaves.
        Shown shown = tidemark.shell("""
                set -o pipefail
                (seq 20000; echo 'no number') | bin/tidemark produce %1$s 2> %3$s
                echo "produce $?"
                bin/tidemark consume %1$s %4$s --format json | bin/tidemark produce %2$s --format json 2>> %3$s
                echo "copy $?"
                bin/tidemark consume %2$s %4$s | head -n 2
                echo "consume ${PIPESTATUS[0]}"
                """.formatted(topic, copy, refusals, everything));

        assertThat(shown.output()).isEqualTo("produce 1\ncopy 0\n1\n2\nconsume 0\n");
        assertThat(logEnd(copy)).isEqualTo(20000);
        assertThat(Files.readString(refusals))
                .startsWith("line 20001 refused: INVALID_RECORD: ")
                .contains("20000 records produced to " + topic + ", 1 refused (")
                .contains("20000 records produced to " + copy + " (");
    }

    @Test
    void consumeToldToStopHasPrintedWholeLines() throws Exception {
        String topic = newTopic();
        // More than pipe and buffers hold, so that it is told in the middle.
        tidemark.shell("seq 100000 | bin/tidemark produce " + topic);
        Process consume = tidemark.process("bin/tidemark", "consume", topic, "--from", "earliest")
                .redirectErrorStream(true)
                .start();
        InputStream output = consume.getInputStream();
        assertThat(output.read()).isEqualTo('1');

        terminate(consume);

        String rest = new String(output.readAllBytes(), UTF_8);
        assertThat(rest).startsWith("\n2\n3\n").endsWith("\n");
        long lines = rest.lines().count();
        assertThat("1" + rest)
                .isEqualTo(LongStream.rangeClosed(1, lines)
                        .mapToObj(number -> number + "\n")
                        .collect(Collectors.joining()));
        assertThat(consume.waitFor()).isEqualTo(SIGTERM_EXIT);
    }

    @Test
    void memberToldToStopHasCommittedWhatItPrintedAndLeft() throws Exception {
        String topic = newTopic();
        tidemark.shell("seq 3 | bin/tidemark produce " + topic);
        Process consume = tidemark.process(
                        "bin/tidemark", "consume", topic, "--group", "printers", "--from", "earliest")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(consume.getInputStream().readNBytes(6), UTF_8)).isEqualTo("1\n2\n3\n");

        terminate(consume);

        assertThat(consume.getInputStream().readAllBytes()).isEmpty();
        assertThat(consume.waitFor()).isEqualTo(SIGTERM_EXIT);
        JsonNode group = server.http().get("/v1/groups/printers");
        assertThat(group.get("members")).isEmpty();
        assertThat(group.at("/partitions/0/committed_offset").longValue()).isEqualTo(3);
    }

    @Test
    void produceToldToStopHasSentWhatItRead() throws Exception {
        String topic = newTopic();
        Process produce = tidemark.process("bin/tidemark", "produce", topic)
                .redirectErrorStream(true)
                .start();
        // Not closed: more might come, for all produce knows.
        produce.getOutputStream().write("1\n2\n".getBytes(UTF_8));
        produce.getOutputStream().flush();
        await().until(() -> logEnd(topic) == 2);

        terminate(produce);

        assertThat(produce.inputReader(UTF_8).readLine()).startsWith("2 records produced to " + topic + " (");
        assertThat(produce.waitFor()).isEqualTo(SIGTERM_EXIT);
    }

    /** As {@code kill} does; {@link Process#destroy} would close our ends of its pipes as well. */
    private static void terminate(Process process) {
        assertThat(process.toHandle().destroy()).isTrue();
    }

    private static long logEnd(String topic) {
        return server.http()
                .get("/v1/topics/" + topic)
                .at("/partitions/0/log_end_offset")
                .longValue();
    }

    /** Of JSON values: a number is one, and most words are none. */
    private static String newTopic() {
        String topic = RunningServer.newName();
        server.http().post("/v1/topics", Map.of("name", topic, "configs", Map.of("value.type", "json")));
        return topic;
    }
}
