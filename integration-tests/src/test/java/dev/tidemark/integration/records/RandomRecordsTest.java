package dev.tidemark.integration.records;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.Content;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes in through one door comes back byte for byte through every door: from memory, from the database, and as SQL. */
class RandomRecordsTest {
    private static final int PARTITIONS = 2;
    private static final int COUNT = 200;

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    /** A failed run's records come again with {@code -Dtidemark.seed=…}. */
    private final long seed = Long.getLong("tidemark.seed", System.nanoTime());

    /** @param type of keys and values, but for a json topic's keys, which are text */
    private record Topic(String name, String type, List<Message> messages) {
        List<Content> contents(int partition) {
            return messages.stream()
                    .filter(message -> message.partition() == partition)
                    .map(Message::content)
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Door.class)
    void recordsComeBackByteForByte(Door door) throws SQLException {
        List<Topic> topics = List.of(write(door, "bytes"), write(door, "text"), write(door, "json"));

        topics.forEach(this::assertReadThroughEveryDoor);
        assertThat(server.meter("tidemark_fetch_records_total", "source=\"tail\""))
                .isPositive();
        server.restart();
        topics.forEach(this::assertReadThroughEveryDoor);
        assertThat(server.meter("tidemark_fetch_records_total", "source=\"tail\""))
                .isZero();
        for (Topic topic : topics) {
            assertShownBySql(topic);
        }
    }

    private Topic write(Door door, String type) {
        List<Message> messages = new RandomRecords(seed + type.hashCode(), PARTITIONS).of(type, COUNT);
        Topic topic = new Topic(RunningServer.newName(), type, messages);
        try (LogClient client = server.client(door)) {
            client.createTopic(
                    topic.name(),
                    PARTITIONS,
                    Map.of(
                            "value.type",
                            type,
                            "key.type",
                            type.equals("bytes") ? "bytes" : "text",
                            "max.message.bytes",
                            "2000000"));
            // In requests of different sizes: small ones and large ones are appended in different ways.
            Random random = new Random(seed);
            for (int from = 0; from < messages.size(); ) {
                int to = Math.min(messages.size(), from + 1 + random.nextInt(random.nextBoolean() ? 3 : 80));
                client.produce(topic.name(), messages.subList(from, to));
                from = to;
            }
        }
        return topic;
    }

    private void assertReadThroughEveryDoor(Topic topic) {
        for (Door door : Door.values()) {
            try (LogClient client = server.client(door)) {
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    List<Content> expected = topic.contents(partition);
                    List<Stored> read = client.read(topic.name(), partition, 0, expected.size());
                    assertThat(read)
                            .extracting(Stored::content)
                            .as("%s of a %s topic through %s, seed %d", topic.name(), topic.type(), door, seed)
                            .containsExactlyElementsOf(expected);
                }
            }
        }
    }

    private void assertShownBySql(Topic topic) throws SQLException {
        try (Connection connection = server.connect();
                PreparedStatement query = connection.prepareStatement("select key, value, headers::text,"
                        + " (select array_agg(h.pair ->> 0 order by h.n) from json_array_elements(headers) with ordinality h(pair, n))"
                        + " from topic.\"" + topic.name() + "\" where partition = ? order by record_offset")) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                query.setInt(1, partition);
                assertThat(contents(query.executeQuery()))
                        .as("%s as SQL, seed %d", topic.name(), seed)
                        .containsExactlyElementsOf(topic.contents(partition));
            }
        }
    }

    private static List<Content> contents(ResultSet rows) throws SQLException {
        List<Content> contents = new ArrayList<>();
        while (rows.next()) {
            byte[] headersJson = bytes(rows.getString(3));
            List<Header> headers =
                    headersJson == null ? List.of() : HeaderCodec.decode(headersJson, 0, headersJson.length);
            assertThat(names(rows.getArray(4)))
                    .containsExactlyElementsOf(
                            headers.stream().map(Header::name).toList());
            contents.add(new Content(part(rows, 1), part(rows, 2), headers));
        }
        return contents;
    }

    private static byte @Nullable [] part(ResultSet row, int column) throws SQLException {
        boolean isBytes = row.getMetaData().getColumnTypeName(column).equals("bytea");
        return isBytes ? row.getBytes(column) : bytes(row.getString(column));
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(UTF_8);
    }

    /** As an auditor would take the names out of the JSON. */
    private static List<String> names(@Nullable Array names) throws SQLException {
        return names == null ? List.of() : Arrays.asList((String[]) names.getArray());
    }
}
