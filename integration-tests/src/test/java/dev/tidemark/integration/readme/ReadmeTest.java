package dev.tidemark.integration.readme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.tidemark.integration.server.Installation;
import dev.tidemark.integration.server.Installation.Shown;
import dev.tidemark.integration.server.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Follows the README in a fresh folder, from top to bottom, and sees what it shows. Only the port is another than 8080, which may be taken: the server's from
 * {@code TIDEMARK_HTTP_PORT}, the commands' from {@code TIDEMARK_SERVER}. All else, the folder of the data too, is found as the README's readers find it.
 */
class ReadmeTest {
    private static final Path EXAMPLES =
            Path.of("..", "examples", "src", "main", "java", "dev", "tidemark", "examples");

    private final Readme readme = Readme.read();

    @TempDir
    static Path folder;

    private static ServerProcess server;
    private static Installation tidemark;

    @BeforeAll
    static void start() throws IOException {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        tidemark = Installation.in(folder);
        server = ServerProcess.start(
                tidemark.with("TIDEMARK_HTTP_PORT", "0").process("bin/tidemark", "server"),
                folder.resolve("tidemark-data"));
        tidemark = tidemark.with("TIDEMARK_SERVER", server.uri().toString());
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> followedFromTopToBottom() {
        return Stream.of(
                        Stream.of(dynamicTest("the server's own first lines", this::tryWhatTheServerSays)),
                        readme.commands().stream().map(this::consoleTest),
                        Stream.of(dynamicTest("the Java examples", this::runJavaExamples)),
                        readme.exchanges().stream().map(this::httpTest))
                .flatMap(tests -> tests);
    }

    /** The server's last lines are two to paste into another terminal. */
    private void tryWhatTheServerSays() throws Exception {
        List<String> lines = server.welcome().stream()
                .map(String::strip)
                .filter(line -> line.contains("bin/tidemark"))
                .toList();
        assertThat(lines).hasSize(2);

        assertThat(tidemark.shell(lines.get(0)).output())
                .startsWith("Created topic greetings with 1 partition.\n1 record produced to greetings (");
        assertThat(tidemark.shell(lines.get(1))).isEqualTo(new Shown(0, "Hello, log\n"));
        assertThat(tidemark.shell("bin/tidemark topics delete greetings"))
                .isEqualTo(new Shown(0, "Deleted topic greetings.\n"));
    }

    private DynamicTest consoleTest(Readme.Command command) {
        return dynamicTest(command.line(), () -> {
            Shown shown = tidemark.shell(command.line());
            assertThat(withoutFigures(shown.output())).isEqualTo(withoutFigures(command.output()));
            assertThat(shown.exitCode()).isZero();
        });
    }

    /** Produce says how fast it was. */
    private static String withoutFigures(String output) {
        return output.replaceAll("\\([\\d.]+ MB in [\\d.]+ s, [\\d,]+ records/s\\)", "(…)");
    }

    private void runJavaExamples() throws Exception {
        List<String> examples = List.of(
                readme.java().get(0),
                JavaExample.inJavadocOf("TidemarkProducer"),
                readme.java().get(1),
                JavaExample.inJavadocOf("TidemarkConsumer"),
                JavaExample.inJavadocOf("TidemarkAdmin"));
        assertThat(readme.java()).as("examples in the README").hasSize(4);
        assertThat(tidemark.shell("bin/tidemark topics create greetings").exitCode())
                .isZero();

        List<String> imports = new ArrayList<>(readme.javaImports());
        imports.add("import java.util.Map;");
        String printed = JavaExample.run(imports, examples, server.uri().toString(), folder);

        String records = "0: world = hello\n1: world = hello\n";
        assertThat(printed)
                .isEqualTo("partition 0, offset 0\npartition 0, offset 1\n" + records + records + "6 partitions\n");
    }

    /** What needs more around it than a reader wants to see stands in a program that is tested by itself. */
    @ParameterizedTest
    @CsvSource({"2, OrderDesk", "3, BusinessTransaction"})
    void excerptStandsInAnExample(int number, String example) throws IOException {
        assertThat(withoutIndentation(Files.readString(EXAMPLES.resolve(example + ".java"))))
                .contains(withoutIndentation(readme.java().get(number)));
    }

    private static String withoutIndentation(String source) {
        return source.strip().replaceAll("(?m)^ +", "");
    }

    private DynamicTest httpTest(Readme.Exchange exchange) {
        return dynamicTest(exchange.request().lines().findFirst().orElseThrow(), () -> {
            String answer = Curl.send(exchange.request(), server.http());
            assertThat(withoutTime(answer))
                    .isEqualTo(withoutTime(exchange.answer().strip()));
        });
    }

    private static String withoutTime(String json) {
        return json.replaceAll(
                "\"timestamp\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z\"", "\"timestamp\":\"…\"");
    }

    @Test
    void hasConsoleBlocksAndRequestsToFollow() {
        assertThat(readme.commands()).isNotEmpty();
        assertThat(readme.exchanges()).isNotEmpty();
    }
}
