package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRecordWriterTest {
    private static final long MS = 1_795_341_446_123L;

    @Test
    void jsonGoesOutAsItIs() {
        String value = "{\"b\":1.50,\"a\":[1E5],\"b\":\"\\u00e9é\"}";

        assertThat(written(DataType.TEXT, DataType.JSON, false, utf8("k\"1"), utf8(value), null))
                .isEqualTo(
                        "{\"partition\":3,\"offset\":42,\"timestamp\":\"2026-11-22T09:57:26.123Z\",\"key\":\"k\\\"1\",\"value\":"
                                + value + "}");
    }

    @Test
    void textGoesOutAsAString() {
        assertThat(written(DataType.TEXT, DataType.TEXT, false, utf8("é"), utf8("a\n\u0001\"日"), null))
                .endsWith("\"key\":\"é\",\"value\":\"a\\n\\u0001\\\"日\"}");
    }

    @Test
    void bytesGoOutAsBase64() {
        assertThat(written(DataType.BYTES, DataType.BYTES, false, utf8("key"), new byte[] {0, 1, -1}, null))
                .endsWith("\"key_base64\":\"a2V5\",\"value_base64\":\"AAH/\"}");
    }

    @Test
    void bytesThatAreUtf8GoOutAsTextWhereAskedFor() {
        assertThat(written(DataType.BYTES, DataType.BYTES, true, utf8("é\u0000"), new byte[] {(byte) 0xc3}, null))
                .endsWith("\"key\":\"é\\u0000\",\"value_base64\":\"ww==\"}");
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void nullsGoOutAsNullWhateverTheType(DataType type) {
        assertThat(written(type, type, false, null, null, null)).endsWith("\"key\":null,\"value\":null}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", " null\n"})
    void jsonsNullIsToldFromATombstone(String value) throws IOException {
        JsonNode record =
                new ObjectMapper().readTree(written(DataType.BYTES, DataType.JSON, false, null, utf8(value), null));

        assertThat(record.has("value")).isFalse();
        assertThat(record.get("value_base64").binaryValue()).isEqualTo(utf8(value));
    }

    @Test
    void headersGoOutAsAListInOrder() {
        byte[] headers = HeaderCodec.encode(List.of(
                new Header("b", utf8("1")),
                new Header("a", null),
                new Header("b", new byte[] {-1}),
                new Header("é", new byte[] {0})));

        assertThat(written(DataType.BYTES, DataType.BYTES, false, null, null, headers))
                .endsWith(
                        "\"headers\":[{\"name\":\"b\",\"value\":\"1\"},{\"name\":\"a\",\"value\":null},{\"name\":\"b\",\"value_base64\":\"/w==\"},{\"name\":\"é\",\"value\":\"\\u0000\"}]}");
    }

    @Test
    void valuesLargerThanTheGeneratorsBufferGoOutWhole() {
        String large = "[" + "\"é\",".repeat(50_000) + "1]";

        assertThat(written(DataType.BYTES, DataType.JSON, false, null, utf8(large), null))
                .endsWith("\"value\":" + large + "}");
    }

    /** What is read goes back in as it came out: {@code consume --format json | produce --format json} copies exactly. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatGoesOutComesInAgain(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            DataType keyType = random.nextBoolean() ? DataType.TEXT : DataType.BYTES;
            DataType valueType = DataType.values()[random.nextInt(3)];
            byte[] key = part(keyType, random);
            byte[] value = part(valueType, random);
            byte[] headers = headers(random);

            String out = written(keyType, valueType, random.nextBoolean(), key, value, headers);
            String in = out.replaceFirst("\"offset\":42,", "");
            byte[] body = utf8("{\"records\":[" + in + "]}");
            Topic topic = SomeTopic.of(keyType, valueType, 4);
            ProduceFrame.Batch batch = new JsonProduceReader(topic, 0, 0, 1 << 20, memory -> {})
                    .read(body, body.length)
                    .batches()
                    .get(0);

            RecordLayout.setOffset(batch.bytes(), batch.at(), 42);
            assertThat(Arrays.copyOfRange(batch.bytes(), batch.at(), batch.at() + batch.length()))
                    .as("seed %d, round %d: %s", seed, round, out)
                    .isEqualTo(tuple(key, value, headers));
        }
    }

    private static byte[] part(DataType type, Random random) {
        if (random.nextInt(5) == 0) {
            return null;
        }
        return switch (type) {
            case JSON ->
                utf8(new String[] {"null", "\"a b\"", "{\"a\":[1,2.0,\"\\u0041\\n\"]}", "-0.0", "\"\""}
                        [random.nextInt(5)]);
            case TEXT ->
                utf8(new String[] {"", "text", "a\"b\\c\n\t\u0001é日\ud83d\ude00", "null", "{}"}[random.nextInt(5)]);
            case BYTES -> {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                yield bytes;
            }
        };
    }

    private static byte[] headers(Random random) {
        if (random.nextBoolean()) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(3)];
        random.nextBytes(bytes);
        return HeaderCodec.encode(List.of(
                new Header("n", bytes), new Header("é\"", null), new Header("n", utf8("text\u0000".substring(0, 4)))));
    }

    private static String written(
            DataType keyType, DataType valueType, boolean decodeText, byte[] key, byte[] value, byte[] headers) {
        byte[] tuple = tuple(key, value, headers);
        byte[] slice = new byte[tuple.length + 20];
        System.arraycopy(tuple, 0, slice, 10, tuple.length);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator generator = Json.FACTORY.createGenerator(out)) {
            new JsonRecordWriter(generator, SomeTopic.of(keyType, valueType, 4).config(), decodeText).write(slice, 10);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static byte[] tuple(byte[] key, byte[] value, byte[] headers) {
        byte[] bytes = new byte
                [RecordLayout.size(
                        key == null ? -1 : key.length,
                        value == null ? -1 : value.length,
                        headers == null ? -1 : headers.length)];
        int at = RecordLayout.writeFixedPart(bytes, 0, 42, MS, 3);
        at = RecordLayout.writePart(bytes, at, key);
        at = RecordLayout.writePart(bytes, at, value);
        at = RecordLayout.writePart(bytes, at, headers);
        RecordLayout.writePart(bytes, at, null);
        return bytes;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
