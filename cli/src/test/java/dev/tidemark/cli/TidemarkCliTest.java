package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class TidemarkCliTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Streams streams =
            new Streams(InputStream.nullInputStream(), out, new PrintStream(err, true, UTF_8), false);

    @Test
    void withoutArgumentsHelpIsPrinted() {
        assertThat(run()).isZero();
        assertThat(out.toString(UTF_8)).startsWith("Usage: tidemark").contains("produce", "consume", "First steps:");
        assertThat(err.toString(UTF_8)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandHasHelpWithAnExampleThatFitsATerminal(List<String> command) {
        assertThat(run(with(command, "--help"))).isZero();
        assertThat(out.toString(UTF_8))
                .contains("Usage: tidemark " + String.join(" ", command), "Example", "  tidemark ");
        assertThat(out.toString(UTF_8).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        // A line of an example that had to be broken goes on at the left edge, where none of ours begins.
        assertThat(out.toString(UTF_8)
                        .lines()
                        .dropWhile(line -> !line.startsWith("Example"))
                        .skip(1))
                .allSatisfy(line -> assertThat(line).startsWith("  "));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandTakesTheCommonOptions(List<String> command) {
        assertThat(commandLine(command).getCommandSpec().optionsMap())
                .containsKeys("--server", "--token", "--ca-cert", "--help", "--verbose");
    }

    static List<List<String>> commands() {
        return List.of(
                List.of("server"),
                List.of("migrate"),
                List.of("topics", "create"),
                List.of("topics", "list"),
                List.of("topics", "describe"),
                List.of("topics", "alter"),
                List.of("topics", "delete"),
                List.of("groups", "list"),
                List.of("groups", "describe"),
                List.of("groups", "reset-offsets"),
                List.of("groups", "delete"),
                List.of("tokens", "create"),
                List.of("cluster", "bump-epoch"),
                List.of("produce"),
                List.of("consume"),
                List.of("sql"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            topcs                                          ; did you mean topics
            topics                                         ; Missing required subcommand
            produce                                        ; Missing required parameter: 'TOPIC'
            produce a b                                    ; Unmatched argument
            produce a --format xml                         ; 'xml' is none of value, key-value, json
            produce a --format value --key-separator :     ; --key-separator goes with --format key-value
            produce a --format json --key-field k          ; --key-field goes with --format value
            produce a --key-separator : --key-field k      ; --key-field goes with --format value
            consume a --from yesterday                     ; 'yesterday' is not earliest, latest
            consume a --from 1 --last 1                    ; give one
            consume a --last -1                            ; --last must be 0 or more
            consume a --max-records 0                      ; --max-records must be 1 or more
            consume a --partition x                        ; '--partition'
            consume a --format json --key-separator :      ; --key-separator goes with
            consume a --group g --partition 1              ; --partition does not go with --group
            consume a --group g --last 1                   ; --last does not go with --group
            groups                                         ; Missing required subcommand
            groups reset-offsets g --all-topics            ; one of --to and --shift-by
            groups reset-offsets g --all-topics --to 1 --shift-by 1 ; one of --to and --shift-by
            groups reset-offsets g --all-topics --to-latest --to-earliest ; one of --to and --shift-by
            groups reset-offsets g --to latest             ; --topic, or --all-topics
            groups reset-offsets g --to latest --all-topics --topic t ; --topic, or --all-topics
            groups reset-offsets g --topic t --to soon     ; 'soon' is not earliest, latest
            groups reset-offsets g --topic t:0,x --to 1    ; is no list of partitions
            topics create a --partitions many              ; '--partitions'
            topics create a --config retention.ms          ; KEY=VALUE
            topics alter a                                 ; nothing to alter
            topics alter a --config k=v --delete-config k  ; both set and deleted
            topics list --server ftp://x                   ; not a server address: 'ftp://x'
            topics list --nonsense                         ; Unknown option: '--nonsense'
            """)
    void wrongUsageIsOneLineAndExitCode2(String arguments, String message) {
        assertThat(run(arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString(UTF_8))
                .contains(message)
                .endsWith(" --help says how)\n")
                .hasLineCount(1);
        assertThat(out.toString(UTF_8)).isEmpty();
    }

    @Test
    void blankSqlIsWrongUsage() {
        assertThat(run("sql", " ")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("there is no SQL to run");
    }

    @ParameterizedTest
    @CsvSource({
        "groups list",
        "consume a --group g",
        "topics list",
        "topics describe a",
        "produce a",
        "consume a --last 1"
    })
    void serverThatIsNotThereIsOneLineThatNamesItAndExitCode1(String arguments) {
        assertThat(run(with(List.of(arguments.split(" ")), "--server", "http://127.0.0.1:1")))
                .isEqualTo(1);
        assertThat(err.toString(UTF_8))
                .startsWith("tidemark: ")
                .contains("127.0.0.1:1")
                .contains("tidemark server")
                .hasLineCount(1);
    }

    @Test
    void verboseShowsTheStackTrace() {
        assertThat(run("topics", "list", "--verbose", "--server", "http://127.0.0.1:1"))
                .isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("\tat dev.tidemark.");
    }

    @Test
    void databaseThatIsNotThereIsOneLineThatHidesThePassword() {
        assertThat(run("sql", "select 1", "--jdbc-url", "jdbc:postgresql://127.0.0.1:1/x?user=u&password=secret"))
                .isEqualTo(1);
        assertThat(err.toString(UTF_8))
                .contains("jdbc:postgresql://127.0.0.1:1/x")
                .doesNotContain("secret")
                .hasLineCount(1);
    }

    @Test
    void versionIsPrinted() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString(UTF_8)).startsWith("tidemark ");
    }

    @Test
    void completionScriptIsPrinted() {
        assertThat(run("generate-completion")).isZero();
        assertThat(out.toString(UTF_8)).startsWith("#!").contains("complete ", "--key-separator");
    }

    private int run(String... arguments) {
        return TidemarkCli.run(streams, arguments);
    }

    private CommandLine commandLine(List<String> names) {
        CommandLine command = TidemarkCli.commandLine(streams, List.of());
        for (String name : names) {
            command = command.getSubcommands().get(name);
        }
        return command;
    }

    private static String[] with(List<String> command, String... more) {
        return java.util.stream.Stream.concat(command.stream(), java.util.Arrays.stream(more))
                .toArray(String[]::new);
    }
}
