package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.Content;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Keys, values, headers and types: what comes back, and what is not taken. */
@ThroughEveryDoor
class ContentTest {
    private static final byte[] NO_UTF8 = {(byte) 0xff, 0, (byte) 0x80};

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final LogClient client;
    private final String topic = RunningServer.newName();

    ContentTest(Door door) {
        client = server.client(door);
    }

    @AfterEach
    void close() {
        client.close();
    }

    private void assertComesBack(Message... messages) {
        List<Message> all = Stream.of(messages).map(message -> message.to(0)).toList();
        client.produce(topic, all);
        assertThat(client.read(topic, 0, 0, all.size()))
                .extracting(Stored::content)
                .containsExactlyElementsOf(all.stream().map(Message::content).toList());
    }

    @Test
    void nullAndEmptyAreNotTheSame() {
        client.createTopic(topic, 1, Map.of());
        byte[] empty = {};

        assertComesBack(
                Message.of((byte[]) null, null),
                Message.of(empty, null),
                Message.of((byte[]) null, empty),
                Message.of(empty, empty));
    }

    @Test
    void bytesTopicKeepsEveryByte() {
        client.createTopic(topic, 1, Map.of());

        assertComesBack(Message.of(NO_UTF8, NO_UTF8), Message.of("\u0000", "\u0000"), Message.of("k", "\r\n"));
    }

    @Test
    void textTopicKeepsTextAndTombstones() {
        client.createTopic(topic, 1, Map.of("key.type", "text", "value.type", "text"));

        assertComesBack(Message.of("ключ", "größe 🌊"), Message.of("", ""), Message.of("gone", null));
    }

    @Test
    void textTopicRefusesWhatIsNoText() {
        client.createTopic(topic, 1, Map.of("key.type", "text", "value.type", "text"));

        assertRefused(
                ErrorCode.INVALID_RECORD,
                "value",
                () -> client.produce(topic, Message.of("k".getBytes(UTF_8), NO_UTF8)));
        assertRefused(
                ErrorCode.INVALID_RECORD, "key", () -> client.produce(topic, Message.of(NO_UTF8, "v".getBytes(UTF_8))));
        assertRefused(ErrorCode.INVALID_RECORD, "NUL", () -> client.produce(topic, Message.of("k", "a\u0000b")));
        assertThat(client.latest(topic, 0)).isZero();
    }

    @Test
    void jsonTopicKeepsTheSpellingOfJson() {
        client.createTopic(topic, 1, Map.of("value.type", "json"));

        assertComesBack(
                Message.of("k", "{\"b\":1.0,\"a\":1e2,\"b\":\"\\u00e4 / \\/\"}"),
                Message.of("k", "[]"),
                Message.of("k", "12345678901234567890.10"),
                Message.of("k", "\"a string\""),
                Message.of("k", "null"),
                Message.of("k", null));
    }

    @Test
    void jsonTopicRefusesWhatIsNoJson() {
        client.createTopic(topic, 1, Map.of("value.type", "json"));

        assertRefused(ErrorCode.INVALID_RECORD, "value", () -> client.produce(topic, Message.of("k", "{\"a\":")));
        assertRefused(ErrorCode.INVALID_RECORD, "value", () -> client.produce(topic, Message.of("k", "")));
        // PostgreSQL takes it, and breaks whoever reads the string later.
        assertRefused(ErrorCode.INVALID_RECORD, "u0000", () -> client.produce(topic, Message.of("k", "\"\\u0000\"")));
        assertThat(client.latest(topic, 0)).isZero();
    }

    @Test
    void headersKeepOrderRepeatsNullsAndBytes() {
        client.createTopic(topic, 1, Map.of());

        assertComesBack(
                Message.of(
                        "k",
                        "v",
                        new Header("b", "2".getBytes(UTF_8)),
                        new Header("a", "1".getBytes(UTF_8)),
                        new Header("b", null),
                        new Header("b", "2".getBytes(UTF_8)),
                        new Header("", new byte[0]),
                        new Header("bytes", NO_UTF8),
                        new Header("\"schlüssel\"\n", "\"\\".getBytes(UTF_8))),
                Message.of("without", "headers"));
    }

    @Test
    void tombstoneIsARecordWithAKeyAndNoValue() {
        client.createTopic(topic, 1, Map.of("value.type", "json"));
        client.produce(topic, Message.of("k", "1"), Message.of("k", null));

        Content tombstone = client.read(topic, 0, 1, 1).get(0).content();
        assertThat(tombstone.value()).isNull();
        assertThat(tombstone.key()).isEqualTo("k".getBytes(UTF_8));
    }

    @Test
    void recordLargerThanTheTopicTakesIsRefusedAndOneAtTheBoundIsNot() {
        client.createTopic(topic, 1, Map.of("max.message.bytes", "100"));

        client.produce(topic, Message.of(null, "x".repeat(100)).to(0), Message.of("k".repeat(60), "v".repeat(40)));
        assertRefused(
                ErrorCode.MESSAGE_TOO_LARGE,
                "101",
                () -> client.produce(topic, Message.of(null, "x".repeat(101)).to(0)));
        assertRefused(
                ErrorCode.MESSAGE_TOO_LARGE,
                "max.message.bytes",
                () -> client.produce(topic, Message.of("k", "x".repeat(90), new Header("h", new byte[20]))));
        assertThat(client.latest(topic, 0)).isEqualTo(2);
    }
}
