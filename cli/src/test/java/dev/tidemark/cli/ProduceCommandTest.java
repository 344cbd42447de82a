package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ProduceCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @Test
    void everyLineIsARecordWithoutAKey() {
        String topic = textTopic();

        Ran ran = server.runOn("first\n\n with blanks \t\nlast, without a newline", "produce", topic);

        assertProduced(ran, topic, 4);
        assertThat(records(topic))
                .containsExactly(
                        "{\"key\":null,\"value\":\"first\"}",
                        "{\"key\":null,\"value\":\"\"}",
                        "{\"key\":null,\"value\":\" with blanks \\t\"}",
                        "{\"key\":null,\"value\":\"last, without a newline\"}");
    }

    @Test
    void everyByteButTheNewlineBelongsToTheRecord() {
        String topic = server.newTopic();
        byte[] input = "carriage return\r\nno UTF-8: \u00ff\u00fe\nzero: \0\n".getBytes(ISO_8859_1);

        assertProduced(server.runOn(input, "produce", topic), topic, 3);

        assertThat(consume(topic).out()).isEqualTo(input);
    }

    @Test
    void withoutInputNothingIsProduced() {
        String topic = server.newTopic();
        assertProduced(server.run("produce", topic), topic, 0);
    }

    @Test
    void keyStandsBeforeATabOrTheSeparatorGiven() {
        String topic = textTopic();

        assertProduced(server.runOn("a\t1\n\t2\n", "produce", topic, "--format", "key-value"), topic, 2);
        assertProduced(server.runOn("b=>3=>4\n=>\n", "produce", topic, "--key-separator", "=>"), topic, 2);

        assertThat(records(topic))
                .containsExactly(
                        "{\"key\":\"a\",\"value\":\"1\"}",
                        "{\"key\":\"\",\"value\":\"2\"}",
                        "{\"key\":\"b\",\"value\":\"3=>4\"}",
                        "{\"key\":\"\",\"value\":\"\"}");
    }

    @Test
    void lineWithoutASeparatorIsNamedAndTheOthersGoIn() {
        String topic = textTopic();

        Ran ran = server.runOn("a:1\nno separator\nb:2\n", "produce", topic, "--key-separator", ":");

        assertRefused(ran, "line 2 refused: INVALID_RECORD: the line has no separator between key and value");
        assertThat(ran.err()).contains("2 records produced to " + topic + ", 1 refused (");
        assertThat(records(topic))
                .containsExactly("{\"key\":\"a\",\"value\":\"1\"}", "{\"key\":\"b\",\"value\":\"2\"}");
    }

    @Test
    void keysComeFromAFieldOfTheValue() {
        String topic = server.newTopic("--config", "key.type=text", "--config", "value.type=json");

        assertProduced(server.runOn(FileChanges.text(), "produce", topic, "--key-field", "path"), topic, 200);

        assertThat(consume(topic, "--key-separator", "\\t").lines())
                .containsExactlyElementsOf(FileChanges.lines().stream()
                        .map(line -> FileChanges.path(line) + "\t" + line)
                        .toList());
    }

    @Test
    void linesWithoutTheKeyFieldAreNamedAndTheOthersGoIn() {
        String topic = server.newTopic("--config", "key.type=text", "--config", "value.type=json");
        String input = """
                {"order":{"customer":"ada"}}
                {"order":{"customer":null}}
                {"order":"bob"}
                no JSON
                {"order":{"customer":17}}
                """;

        Ran ran = server.runOn(input, "produce", topic, "--key-field", "order.customer");

        assertRefused(
                ran,
                "line 2 refused: INVALID_RECORD: field order.customer is null",
                "line 3 refused: INVALID_RECORD: the value has no field order.customer",
                "line 4 refused: INVALID_RECORD: the value is not a JSON object");
        assertThat(consume(topic, "--key-separator", " ").text())
                .isEqualTo("ada {\"order\":{\"customer\":\"ada\"}}\n17 {\"order\":{\"customer\":17}}\n");
    }

    @Test
    void jsonLinesSayEverythingOfARecord() {
        String topic = textTopic("--partitions", "2");
        String everything =
                "\"partition\":1,\"offset\":0,\"timestamp\":\"2024-02-29T12:00:00.123Z\",\"key\":\"k\",\"value\":\"v\","
                        + "\"headers\":[{\"name\":\"h\",\"value\":\"1\"},{\"name\":\"h\",\"value_base64\":\"/w==\"},{\"name\":\"none\",\"value\":null}]}";
        String tombstone = "{\"partition\":0,\"timestamp\":1700000000000,\"key\":\"gone\"}";
        String headersAsObject =
                "{\"partition\":0,\"key_base64\":\"aw==\",\"value\":\"v\",\"headers\":{\"trace\":\"a1b2\"}}";

        Ran ran = server.runOn(
                "{" + everything + "\n" + tombstone + "\n" + headersAsObject + "\n",
                "produce",
                topic,
                "--format",
                "json");

        assertProduced(ran, topic, 3);
        assertThat(consume(topic, "--format", "json", "--partition", "1").lines())
                .containsExactly("{" + everything);
        List<String> others =
                consume(topic, "--format", "json", "--partition", "0").lines();
        assertThat(others.get(0))
                .isEqualTo(
                        "{\"partition\":0,\"offset\":0,\"timestamp\":\"2023-11-14T22:13:20.000Z\",\"key\":\"gone\",\"value\":null}");
        assertThat(others.get(1))
                .endsWith(",\"key\":\"k\",\"value\":\"v\",\"headers\":[{\"name\":\"trace\",\"value\":\"a1b2\"}]}");
    }

    @Test
    void jsonLinesThatMakeNoRecordAreNamedAndTheOthersGoIn() {
        String topic = textTopic();
        String input = """
                {"value":"first"}
                {"value":"cut off
                ["value"]
                {"value":"v","colour":"blue"}
                {"value":"v","partition":1}
                {"value":"v","timestamp":"yesterday"}
                {"value_base64":"?"}
                {"value_base64":"/w=="}
                {"value":"last"}
                """;

        Ran ran = server.runOn(input, "produce", topic, "--format", "json");

        assertRefused(
                ran,
                "line 2 refused: INVALID_RECORD: the line is not JSON",
                "line 3 refused: INVALID_RECORD: the line is not a JSON object",
                "line 4 refused: INVALID_RECORD: a record has no field colour",
                "line 5 refused: UNKNOWN_TOPIC_OR_PARTITION: ",
                "line 6 refused: INVALID_RECORD: timestamp yesterday",
                "line 7 refused: INVALID_RECORD: value_base64 is not base64",
                // The topic is of texts, which a lone 0xff is not: only the server sees that.
                "line 8 refused: INVALID_RECORD: ");
        assertThat(ran.err()).contains("2 records produced to " + topic + ", 7 refused (");
        assertThat(consume(topic).text()).isEqualTo("first\nlast\n");
    }

    @Test
    void whatTheTopicDoesNotTakeIsNamedByItsLine() {
        String topic = server.newTopic("--config", "value.type=json", "--config", "max.message.bytes=100");
        String tooLarge = "\"" + "x".repeat(100) + "\"";

        Ran ran = server.runOn("{\"n\":1}\n{\"n\":\n" + tooLarge + "\n{\"n\":2}\n", "produce", topic);

        assertRefused(ran, "line 2 refused: INVALID_RECORD: ", "line 3 refused: MESSAGE_TOO_LARGE: ");
        assertThat(consume(topic).text()).isEqualTo("{\"n\":1}\n{\"n\":2}\n");
    }

    @Test
    void ofManyRefusedLinesTheFirstAreNamedAndTheRestCounted() {
        String topic = textTopic();
        String input = IntStream.rangeClosed(1, 25)
                .mapToObj(line -> line == 13 ? "k:v\n" : "nothing\n")
                .collect(Collectors.joining());

        Ran ran = server.runOn(input, "produce", topic, "--key-separator", ":");

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err().lines().filter(line -> line.startsWith("line "))).hasSize(20);
        assertThat(ran.err()).contains("\n… and 4 more refused\n1 record produced to " + topic + ", 24 refused (");
    }

    @Test
    void unknownTopicIsOneLine() {
        server.runOn("lost\n", "produce", "nowhere").refusedWith("nowhere", "(UNKNOWN_TOPIC_OR_PARTITION)");
    }

    private static String textTopic(String... options) {
        String topic = server.newTopic(options);
        server.run("topics", "alter", topic, "--config", "key.type=text", "--config", "value.type=text")
                .quietly();
        return topic;
    }

    /** The sum is on standard error, and standard output stays empty. */
    private static void assertProduced(Ran ran, String topic, int count) {
        assertThat(ran.err())
                .startsWith(count + (count == 1 ? " record" : " records") + " produced to " + topic + " (")
                .endsWith(" records/s)\n")
                .hasLineCount(1);
        assertThat(ran.text()).isEmpty();
        assertThat(ran.exitCode()).isZero();
    }

    /** Each of these lines begins so, in any order: the server's refusals come later than ours. */
    private static void assertRefused(Ran ran, String... lines) {
        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.text()).isEmpty();
        List<String> refusals = ran.err()
                .lines()
                .filter(line -> line.startsWith("line "))
                .sorted()
                .toList();
        assertThat(refusals).hasSize(lines.length);
        for (int i = 0; i < lines.length; i++) {
            assertThat(refusals.get(i)).startsWith(lines[i]);
        }
    }

    private static Ran consume(String topic, String... options) {
        String[] command = {"consume", topic, "--from", "earliest", "--exit-at-end"};
        return server.run(java.util.stream.Stream.concat(List.of(command).stream(), List.of(options).stream())
                        .toArray(String[]::new))
                .quietly();
    }

    /** Key and value of each record. */
    private static List<String> records(String topic) {
        return consume(topic, "--format", "json").lines().stream()
                .map(line -> line.replaceFirst("^.*?(\"key\")", "{$1"))
                .toList();
    }
}
