package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsumeCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    /** Values 0 to 9 in two partitions, the even ones in 0, a minute apart. */
    private static String numbers;

    /** Real events in three partitions, by their natural key. */
    private static String changes;

    @BeforeAll
    static void produce() {
        numbers = server.newTopic("--partitions", "2", "--config", "key.type=text", "--config", "value.type=text");
        String lines = Stream.iterate(0, n -> n + 1)
                .limit(10)
                .map(n ->
                        "{\"partition\":%d,\"timestamp\":\"2024-01-01T00:0%d:00Z\",\"key\":\"k%d\",\"value\":\"%d\"}\n"
                                .formatted(n % 2, n, n, n))
                .collect(Collectors.joining());
        assertThat(server.runOn(lines, "produce", numbers, "--format", "json").exitCode())
                .isZero();
        changes = server.newTopic("--partitions", "3", "--config", "key.type=text", "--config", "value.type=json");
        assertThat(server.runOn(FileChanges.text(), "produce", changes, "--key-field", "path")
                        .exitCode())
                .isZero();
    }

    @Test
    void realEventsComeBackWholeAndByKeyInOrder() {
        List<String> consumed = consume(changes, "--from", "earliest", "--exit-at-end");

        assertThat(consumed).containsExactlyInAnyOrderElementsOf(FileChanges.lines());
        assertThat(byPath(consumed)).isEqualTo(byPath(FileChanges.lines()));
    }

    private static java.util.Map<String, List<String>> byPath(List<String> lines) {
        return lines.stream().collect(Collectors.groupingBy(FileChanges::path));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            --from earliest                             ; 0 2 4 6 8 1 3 5 7 9
            --from beginning --partition 1              ; 1 3 5 7 9
            --from latest                               ;
            --from end                                  ;
            --partition 0                               ;
            --from 3                                    ; 6 8 7 9
            --from 3 --partition 0                      ; 6 8
            --from 5                                    ;
            --from 2024-01-01T00:05:00Z                 ; 6 8 5 7 9
            --from 2024-01-01T01:05:30+01:00            ; 6 8 7 9
            --from @1704067740000                       ; 9
            --from 2024-01-02T00:00:00Z                 ;
            --from earliest --partition 1 --max-records 2 ; 1 3
            --last 3                                    ; 8 7 9
            --last 0                                    ;
            --last 2 --partition 0                      ; 6 8
            --last 100                                  ; 0 2 4 6 8 1 3 5 7 9
            """)
    void readingStartsWhereItIsToldAndStopsAtTheEnd(String options, String expected) {
        List<String> arguments = Stream.concat(Stream.of(options.split(" ")), Stream.of("--exit-at-end"))
                .toList();

        List<String> consumed = consume(numbers, arguments.toArray(String[]::new));

        // Order holds within a partition; which partition comes first is open.
        assertThat(consumed.stream().sorted(Comparator.comparing(ConsumeCommandTest::isOdd)))
                .containsExactlyElementsOf(expected == null ? List.of() : List.of(expected.split(" ")));
    }

    private static boolean isOdd(String number) {
        return Integer.parseInt(number) % 2 == 1;
    }

    @Test
    void maxRecordsCountsOverAllPartitions() {
        assertThat(consume(numbers, "--from", "earliest", "--max-records", "7")).hasSize(7);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            --format value                      ; 8
            --format key-value                  ; k8\t8
            --key-separator ->                  ; k8->8
            --key-separator \\t                 ; k8\t8
            --format json                       ; {"partition":0,"offset":4,"timestamp":"2024-01-01T00:08:00.000Z","key":"k8","value":"8"}
            """)
    void formatSaysWhatALineShows(String options, String line) {
        Ran ran = server.run(Stream.concat(
                        Stream.of("consume", numbers, "--from", "4", "--partition", "0", "--exit-at-end"),
                        Stream.of(options.split(" ")))
                .toArray(String[]::new));
        assertThat(ran.quietly().text()).isEqualTo(line + "\n");
    }

    @Test
    void nullIsTheWordNullUnlessTheFormatIsJson() {
        String topic = server.newTopic("--config", "key.type=text");
        server.runOn("{\"key\":\"gone\"}\n{\"value_base64\":\"AP8=\"}\n", "produce", topic, "--format", "json");

        assertThat(server.run("consume", topic, "--from", "0", "--exit-at-end", "--format", "key-value")
                        .quietly()
                        .out())
                .isEqualTo("gone\tnull\nnull\t\0\u00ff\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        assertThat(consume(topic, "--from", "0", "--exit-at-end", "--format", "json"))
                .satisfiesExactly(
                        first -> assertThat(first).endsWith("\"key\":\"gone\",\"value\":null}"),
                        second -> assertThat(second).endsWith("\"key\":null,\"value_base64\":\"AP8=\"}"));
    }

    @ParameterizedTest
    @CsvSource({"bytes, bytes", "text, text", "text, json"})
    void whatConsumePrintsAsJsonProduceCopiesExactly(String keyType, String valueType) {
        String[] types = {"--partitions", "3", "--config", "key.type=" + keyType, "--config", "value.type=" + valueType
        };
        String from = server.newTopic(types);
        String to = server.newTopic(types);
        // Blanks between tokens, repeated names, long numbers and escapes are the value's own business.
        String unusual = "{ \"a\" : 1.0e400,\"a\":\"\\u00e9 \u00e9\" }\n";
        server.runOn(FileChanges.text(), "produce", from, "--key-field", "path");
        server.runOn(unusual, "produce", from);
        server.runOn(
                "{\"partition\":2,\"timestamp\":1,\"key\":\"k\",\"headers\":[{\"name\":\"h\",\"value_base64\":\"/w==\"},{\"name\":\"\",\"value\":null}]}\n",
                "produce",
                from,
                "--format",
                "json");
        byte[] printed = server.run("consume", from, "--from", "earliest", "--exit-at-end", "--format", "json")
                .quietly()
                .out();

        Ran copied = server.runOn(printed, "produce", to, "--format", "json");

        assertThat(copied.exitCode()).isZero();
        assertThat(byPartition(consume(to, "--from", "earliest", "--exit-at-end", "--format", "json")))
                .isEqualTo(byPartition(new String(printed, UTF_8).lines().toList()))
                .hasSize(3);
    }

    private static java.util.Map<String, List<String>> byPartition(List<String> jsonLines) {
        Function<String, String> partition = line -> line.substring(0, line.indexOf(','));
        return jsonLines.stream().collect(Collectors.groupingBy(partition));
    }

    @Test
    void recordsThatComeLaterAreWaitedFor() {
        String topic = server.newTopic();
        CompletableFuture<List<String>> waiting =
                CompletableFuture.supplyAsync(() -> consume(topic, "--from", "earliest", "--max-records", "3"));

        server.runOn("one\ntwo\n", "produce", topic);
        server.runOn("three\nfour\n", "produce", topic);

        assertThat(waiting.join()).containsExactly("one", "two", "three");
    }

    @Test
    void offsetOutsideTheLogIsOneLineThatSaysWhereTheLogEnds() {
        server.run("consume", numbers, "--from", "6", "--exit-at-end")
                .refusedWith("offset 6 is outside the log of partition", "begins at 0 and ends before 5");
    }

    @Test
    void unknownPartitionIsOneLineThatSaysWhichThereAre() {
        server.run("consume", numbers, "--partition", "2").refusedWith("no partition 2, only 0 to 1");
    }

    @Test
    void unknownTopicIsOneLine() {
        server.run("consume", "nowhere").refusedWith("nowhere", "(UNKNOWN_TOPIC_OR_PARTITION)");
    }

    private static List<String> consume(String topic, String... options) {
        return server.run(Stream.concat(Stream.of("consume", topic), Stream.of(options))
                        .toArray(String[]::new))
                .quietly()
                .lines();
    }
}
