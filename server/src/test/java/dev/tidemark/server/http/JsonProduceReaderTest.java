package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.testing.Fuzz;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonProduceReaderTest {
    private static final long NOW_MS = 1_795_341_446_123L;
    private static final int STICKY = 2;
    private static final Topic BYTES = SomeTopic.of(DataType.BYTES, DataType.BYTES, 4);
    private static final Topic TEXT = SomeTopic.of(DataType.TEXT, DataType.TEXT, 4);
    private static final Topic JSON = SomeTopic.of(DataType.TEXT, DataType.JSON, 4);

    /** What one tuple holds, its bytes as Latin-1 so that every byte shows. */
    private record Tuple(int partition, long place, long timestampMs, String key, String value, byte[] headers) {}

    @Nested
    class KeysAndValues {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "\"text\" | text",
                    "\"\" | ``",
                    "\"a\\nb\\u00e9\\\"\" | `a\nbé\"`",
                    "\"\\ud83d\\ude00\" | 😀",
                    "\"é日😀\" | é日😀",
                    "17 | 17",
                    "1.50E+003 | 1.50E+003",
                    "-0 | -0",
                    "12345678901234567890123456789.000 | 12345678901234567890123456789.000",
                    "true | true",
                    "{} | {}",
                    "{ \"b\" : 1 , \"a\" : [ 1 , 2 ] , \"b\" : \"x y\" } | {\"b\":1,\"a\":[1,2],\"b\":\"x y\"}",
                    "[ \"\\u0041\" , null ] | [\"\\u0041\",null]",
                })
        void areTextOrTheJsonTextItselfInTopicsOfBytesAndText(String json, String bytes) {
            for (Topic topic : List.of(BYTES, TEXT)) {
                Tuple tuple = one(topic, "{\"key\":" + json + ",\"value\":" + json + "}");

                assertThat(utf8(tuple.key())).isEqualTo(bytes);
                assertThat(utf8(tuple.value())).isEqualTo(bytes);
            }
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "\"text\" | \"text\"",
                    "\"a\\n\\u00e9\\/ 😀\" | \"a\\n\\u00e9\\/ 😀\"",
                    "\"\\ud83d\" | \"\\ud83d\"",
                    "17 | 17",
                    "{ \"a\" : 1.0 } | {\"a\":1.0}",
                    "false | false",
                })
        void areTheTokenItselfInTopicsOfJson(String json, String bytes) {
            assertThat(utf8(one(JSON, "{\"value\":" + json + "}").value())).isEqualTo(bytes);
        }

        @Test
        void keysAreTextAlsoInTopicsOfJson() {
            assertThat(one(JSON, "{\"key\":\"a\\\"b\"}").key()).isEqualTo("a\"b");
            assertThat(one(JSON, "{\"key\": [ 1 ] }").key()).isEqualTo("[1]");
        }

        @ParameterizedTest
        @ValueSource(strings = {"{}", "{\"key\":null,\"value\":null}", "{\"key_base64\":null,\"value_base64\":null}"})
        void areNullWhenNullOrAbsent(String record) {
            Tuple tuple = one(JSON, record);

            assertThat(tuple.key()).isNull();
            assertThat(tuple.value()).isNull();
            assertThat(tuple.headers()).isNull();
        }

        @Test
        void everyByteComesThroughBase64() {
            byte[] all = new byte[256];
            for (int i = 0; i < all.length; i++) {
                all[i] = (byte) i;
            }
            String base64 = Base64.getEncoder().encodeToString(all);

            Tuple tuple = one(JSON, "{\"key_base64\":\"" + base64 + "\",\"value_base64\":\"" + base64 + "\"}");

            assertThat(tuple.key()).isEqualTo(new String(all, StandardCharsets.ISO_8859_1));
            assertThat(tuple.value()).isEqualTo(new String(all, StandardCharsets.ISO_8859_1));
        }

        @Test
        void largeValuesOfEveryKindAreTakenWhole() {
            String text = "x".repeat(100_000) + "é\\n" + "日".repeat(100_000);
            String array = "[" + "1, ".repeat(200_000) + "2]";

            assertThat(utf8(one(BYTES, "{\"value\":\"" + text + "\"}").value())).isEqualTo(text.replace("\\n", "\n"));
            assertThat(utf8(one(JSON, "{\"value\":\"" + text + "\"}").value())).isEqualTo('"' + text + '"');
            assertThat(one(JSON, "{\"value\":" + array + "}").value()).isEqualTo(array.replace(" ", ""));
            assertThat(one(JSON, "{\"value\":" + "9".repeat(100_000) + "}").value())
                    .isEqualTo("9".repeat(100_000));
        }

        /** Beside the body, which is counted where it comes in. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\"value\":\"%s\"",
                    "\"value\":\"%s\\n\"",
                    "\"key\":\"\\t%s\"",
                    "\"value_base64\":\"%s\"",
                    "\"value_base64\":\"\\/\\/\\/\\/%s\"",
                    "\"headers\":{\"a\":\"%s\"}"
                })
        void largeOnesTakeNoMoreMemoryThanIsCounted(String field) throws Exception {
            byte[] body = ("{\"records\":[{" + String.format(field, "x".repeat(4 << 20)) + "}]}")
                    .getBytes(StandardCharsets.UTF_8);
            long[] counted = {0};
            JsonProduceReader reader =
                    new JsonProduceReader(BYTES, STICKY, NOW_MS, 64 << 20, bytes -> counted[0] += bytes);

            long taken = Fuzz.allocatedBytes(() -> reader.read(body, body.length));

            assertThat(counted[0]).isGreaterThan(3 << 20);
            assertThat(taken).isLessThan(counted[0] + (1 << 20));
        }

        @Test
        void aNumberOfMoreDigitsThanAreReadIsRefusedBeforeTheyAre() throws Exception {
            byte[] body = ("{\"records\":[{\"value\":" + "9".repeat(8 << 20) + "}]}").getBytes(StandardCharsets.UTF_8);
            JsonProduceReader reader = new JsonProduceReader(JSON, STICKY, NOW_MS, 64 << 20, bytes -> {});

            long taken = Fuzz.allocatedBytes(() -> assertThatThrownBy(() -> reader.read(body, body.length))
                    .isInstanceOfSatisfying(ApiException.class, e -> {
                        assertThat(e.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
                        assertThat(e.detail()).contains("a number", "more than 131072 characters");
                    }));

            assertThat(taken).isLessThan(2 << 20);
        }

        /** Where a token begins and ends must not depend on what stands before it. */
        @Test
        void theBytesAreFoundWhateverStandsBefore() {
            for (String before : List.of("", "é", "日本", "😀", "\\u00e9", "\\\\")) {
                Tuple tuple = one(
                        JSON, "{ \"key\" :\t\"" + before + "\" ,\r\n \"value\" : { \"" + before + "\" : [ 1.0 ] }\n}");

                assertThat(utf8(tuple.value())).isEqualTo("{\"" + before + "\":[1.0]}");
            }
        }
    }

    @Nested
    class Headers {
        @Test
        void comeAsAnObject() {
            assertThat(headers("{\"headers\":{\"b\":\"1\",\"a\":\"é\\n\",\"c\":null,\"b\":\"2\"}}"))
                    .containsExactly(header("b", "1"), header("a", "é\n"), new Header("c", null), header("b", "2"));
        }

        @Test
        void comeAsAListWithTextBytesAndNulls() {
            assertThat(
                            headers(
                                    "{\"headers\":[{\"name\":\"a\",\"value\":\"x\"},{\"value_base64\":\"AAH/\",\"name\":\"a\"},{\"name\":\"n\",\"value\":null},{\"name\":\"\"}]}"))
                    .containsExactly(
                            header("a", "x"),
                            new Header("a", new byte[] {0, 1, -1}),
                            new Header("n", null),
                            new Header("", null));
        }

        @ParameterizedTest
        @ValueSource(strings = {"null", "{}", "[]"})
        void areNullWhenThereAreNone(String none) {
            assertThat(one(BYTES, "{\"headers\":" + none + "}").headers()).isNull();
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "5 | \"headers\" must be an object of strings or a list of {\"name\", \"value\"}, not 5",
                    "{\"a\":5} | header \"a\" must be a string or null, not 5",
                    "{\"a\":{\"b\":[1]}} | header \"a\" must be a string or null, not an object",
                    "[5] | header 0 must be an object with \"name\" and \"value\", not 5",
                    "[[{}]] | header 0 must be an object with \"name\" and \"value\", not an array",
                    "[{\"value\":\"x\"}] | header 0 has no \"name\"",
                    "[{\"name\":5}] | header 0 must have one \"name\", a string",
                    "[{\"name\":\"a\",\"name\":\"b\"}] | header 0 must have one \"name\", a string",
                    "[{\"name\":\"a\",\"value\":\"x\",\"value_base64\":\"eA==\"}] | header 0 has more than one value",
                    "[{\"name\":\"a\",\"value_base64\":\"%%%%\"}] | \"value_base64\" is not base64: Illegal base64 character 25",
                    "[{\"name\":\"a\",\"val\":{\"deep\":[]}}] | header 0 has an unknown field \"val\"; known are name, value, value_base64",
                    "{\"a\\u0000\":\"x\"} | the name of header 0 contains NUL",
                    "{\"a\":\"\\ude00\"} | header \"a\" has half of a surrogate pair, which is no text",
                })
        void thatAreNoneAreARecordsFault(String headers, String fault) {
            assertThat(errors(BYTES, "{},{\"headers\":" + headers + ",\"value\":1},{}"))
                    .containsExactly(new RecordError(1, ErrorCode.INVALID_RECORD, fault));
        }
    }

    @Nested
    class Partitions {
        @Test
        void areTakenAsGivenOrByKeyOrAllToOne() {
            List<Tuple> tuples = tuples(
                    read(
                            BYTES,
                            "{\"partition\":3},{\"key\":\"a\"},{\"value\":1},{\"key\":\"b\",\"partition\":0},{\"key\": [ 1 ]},{\"value\":2}"));

            assertThat(tuples)
                    .extracting(Tuple::partition)
                    .containsExactly(3, byKey("a"), STICKY, 0, byKey("[1]"), STICKY);
        }

        @Test
        void keepTheOrderOfTheRequestWithinEach() {
            JsonProduceRequest request = read(
                    BYTES,
                    "{\"partition\":1,\"value\":0},{\"partition\":0,\"value\":1},{\"partition\":1,\"value\":2},{\"partition\":0,\"value\":3},{\"partition\":1,\"value\":4}");

            assertThat(request.batches())
                    .extracting(ProduceFrame.Batch::partition)
                    .containsExactly(1, 0);
            assertThat(request.batches())
                    .extracting(ProduceFrame.Batch::recordCount)
                    .containsExactly(3, 2);
            assertThat(tuples(request)).extracting(Tuple::value).containsExactly("0", "1", "2", "3", "4");
            assertThat(tuples(request)).extracting(Tuple::place).containsExactly(0L, 0L, 1L, 1L, 2L);
        }

        @Test
        void thatDoNotExistAreARecordsFault() {
            ApiException refused = refused(BYTES, "{\"records\":[{},{\"partition\":4}]}");

            assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(refused.recordErrors()).extracting(RecordError::index).containsExactly(1);
        }

        @ParameterizedTest
        @ValueSource(strings = {"-1", "1.5", "\"1\"", "2147483648", "99999999999999999999", "true", "[]", "{\"a\":[]}"})
        void thatAreNoNumberAreARecordsFault(String partition) {
            assertThat(errors(BYTES, "{\"partition\":" + partition + "}"))
                    .singleElement()
                    .satisfies(e ->
                            assertThat(e.detail()).startsWith("\"partition\" must be a whole number from 0, not "));
        }
    }

    @Nested
    class Timestamps {
        @ParameterizedTest
        @CsvSource({
            "1700000000000, 1700000000000",
            "0, 0",
            "-1, -1",
            "'\"2026-11-22T09:57:26.123Z\"', 1795341446123",
            "'\"2026-11-22T10:57:26.123+01:00\"', 1795341446123",
            "null, 1795341446123"
        })
        void areReadInBothForms(String timestamp, long ms) {
            assertThat(one(BYTES, "{\"timestamp\":" + timestamp + "}").timestampMs())
                    .isEqualTo(ms);
            assertThat(read(BYTES, "{\"timestamp\":" + timestamp + "}").timestamps())
                    .containsExactly(ms);
        }

        @Test
        void areTheServersWhenAbsent() {
            assertThat(one(BYTES, "{}").timestampMs()).isEqualTo(NOW_MS);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\"yesterday\"",
                    "\"\"",
                    "1.5",
                    "1e3",
                    "true",
                    "{}",
                    "253402300800000",
                    "-62167219200001",
                    "9223372036854775807",
                    "99999999999999999999999"
                })
        void thatAreNoneAreARecordsFault(String timestamp) {
            assertThat(errors(BYTES, "{},{\"timestamp\":" + timestamp + "}"))
                    .singleElement()
                    .satisfies(e -> {
                        assertThat(e.index()).isEqualTo(1);
                        assertThat(e.error()).isEqualTo(ErrorCode.INVALID_TIMESTAMP);
                    });
        }
    }

    @Nested
    class Sequences {
        private static final String PRODUCER = "\"producer_id\":7,\"producer_epoch\":3,";

        @Test
        void goToTheBatchesOfTheirPartitions() {
            JsonProduceRequest request = readBody(
                    BYTES,
                    "{" + PRODUCER
                            + "\"base_sequences\":{\"3\":5,\"1\":2147483647},\"records\":[{\"partition\":1},{\"partition\":3}]}");

            assertThat(request.batches())
                    .extracting(
                            ProduceFrame.Batch::partition,
                            ProduceFrame.Batch::producerId,
                            ProduceFrame.Batch::producerEpoch,
                            ProduceFrame.Batch::baseSequence)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple(1, 7L, (short) 3, 2147483647),
                            org.assertj.core.groups.Tuple.tuple(3, 7L, (short) 3, 5));
        }

        @Test
        void sendRecordsWithoutKeyToTheLowestPartitionNamedEvenAfterThem() {
            JsonProduceRequest request = readBody(
                    BYTES, "{\"records\":[{},{\"partition\":3}]," + PRODUCER + "\"base_sequences\":{\"3\":0,\"1\":4}}");

            assertThat(tuples(request)).extracting(Tuple::partition).containsExactly(1, 3);
        }

        @Test
        void areAbsentWithoutAProducer() {
            assertThat(read(BYTES, "{}").batches())
                    .extracting(ProduceFrame.Batch::producerId)
                    .containsExactly(ProduceFrame.NO_PRODUCER_ID);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "\"producer_id\":7 | go together",
                    "\"producer_id\":7,\"producer_epoch\":0 | go together",
                    "\"base_sequences\":{} | go together",
                    "\"producer_id\":-1 | \"producer_id\" must be a whole number from 0 to 9223372036854775807, not -1",
                    "\"producer_id\":\"7\" | not the string \"7\"",
                    "\"producer_epoch\":32768 | \"producer_epoch\" must be a whole number from 0 to 32767, not 32768",
                    "\"producer_id\":1,\"producer_id\":1 | \"producer_id\" twice",
                    "\"base_sequences\":[0] | must be an object of partition numbers and sequences, not an array",
                    "\"base_sequences\":{\"x\":0} | names a partition \"x\", which is no number",
                    "\"base_sequences\":{\"0\":-1} | \"base_sequences.0\" must be a whole number",
                    "\"base_sequences\":{\"0\":null} | must give partition 0 one sequence",
                    "\"base_sequences\":{\"0\":1,\"0\":1} | must give partition 0 one sequence",
                    "\"producer_id\":7,\"producer_epoch\":3,\"base_sequences\":{} | no sequence for partition 0, to which 1 records",
                    "\"producer_id\":7,\"producer_epoch\":3,\"base_sequences\":{\"0\":0,\"2\":0} | has partition 2, to which no record",
                })
        void thatDoNotFitAreRefused(String fields, String detail) {
            ApiException refused = refused(BYTES, "{\"records\":[{\"partition\":0}]," + fields + "}");

            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.detail()).contains(detail);
        }
    }

    @Nested
    class Refusals {
        @Test
        void everyRecordAtFaultIsNamed() {
            ApiException refused = refused(
                    BYTES,
                    "{\"records\":[{\"value\":1},{\"value\":1,\"value_base64\":\"eA==\"},5,{\"val\":{\"x\":[]}},{\"value_base64\":\"?\"},{\"timestamp\":\"x\"},{\"value\":2}]}");

            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_RECORD);
            assertThat(refused.detail())
                    .isEqualTo("5 records are at fault; record 1: the value is given more than once");
            assertThat(refused.recordErrors())
                    .extracting(RecordError::index, RecordError::error)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple(1, ErrorCode.INVALID_RECORD),
                            org.assertj.core.groups.Tuple.tuple(2, ErrorCode.INVALID_REQUEST),
                            org.assertj.core.groups.Tuple.tuple(3, ErrorCode.INVALID_REQUEST),
                            org.assertj.core.groups.Tuple.tuple(4, ErrorCode.INVALID_RECORD),
                            org.assertj.core.groups.Tuple.tuple(5, ErrorCode.INVALID_TIMESTAMP));
        }

        @Test
        void oneKindOfFaultIsTheErrorOfTheWhole() {
            ApiException refused = refused(BYTES, "{\"records\":[{\"val\":1}]}");

            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.detail()).startsWith("record 0: unknown field \"val\"; known are key, ");
        }

        @Test
        void namesAreBoundedAndTheRestCounted() {
            ApiException refused = refused(BYTES, "{\"records\":[" + "5,".repeat(2999) + "5]}");

            assertThat(refused.recordErrors()).hasSize(JsonProduceReader.MAX_RECORD_ERRORS);
            assertThat(refused.detail()).startsWith("3000 records are at fault; record 0: ");
        }

        @Test
        void loneSurrogatesAreNoText() {
            assertThat(errors(BYTES, "{\"value\":\"\\ud83d\"},{\"key\":\"x\\ude00\"},{\"value\":\"\\ud83d\\ud83d\"}"))
                    .extracting(RecordError::index, RecordError::error)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple(0, ErrorCode.INVALID_RECORD),
                            org.assertj.core.groups.Tuple.tuple(1, ErrorCode.INVALID_RECORD),
                            org.assertj.core.groups.Tuple.tuple(2, ErrorCode.INVALID_RECORD));
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "`` | the body must be a JSON object with \"records\"",
                    "[] | the body must be a JSON object with \"records\"",
                    "null | the body must be a JSON object with \"records\"",
                    "{} | the body has no \"records\"",
                    "{\"records\":[]} | \"records\" is empty",
                    "{\"records\":{}} | \"records\" must be an array, not an object",
                    "{\"records\":\"x\"} | \"records\" must be an array, not the string \"x\"",
                    "{\"records\":[{}],\"records\":[{}]} | the body has \"records\" twice",
                    "{\"recs\":[{}]} | the body has an unknown field \"recs\"; known are records, producer_id, producer_epoch, base_sequences",
                    "{\"records\":[{}]} {} | the body goes on after its JSON object",
                })
        void whatIsNoRequestIsSaid(String body, String detail) {
            ApiException refused = refused(BYTES, body);

            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.detail()).isEqualTo(detail);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"records\":[{\"value\":1}",
                    "{\"records\":[{\"value\":tru}]}",
                    "{\"records\":[{\"value\":01}]}",
                    "{\"records\":[{\"value\":NaN}]}",
                    "{\"records\":[{\"value\":\"a\nb\"}]}",
                    "{\"records\":[{\"value\":\"\\x\"}]}",
                    "{\"records\":[{},]}",
                    "{'records':[]}",
                    "{\"records\":[{\"value\":\"a",
                    "{\"records\":[{\"headers\":{\"\\ud83d\":\"x\"}}]}"
                })
        void brokenJsonIsSaidWithItsPlace(String body) {
            ApiException refused = refused(BYTES, body);

            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.detail()).startsWith("the body is not JSON: ").containsPattern("line \\d+, column \\d+");
            assertThat(refused.detail()).doesNotContain("com.fasterxml", "StreamReadFeature", "JsonReadFeature");
        }

        @Test
        void nestingThatNeverEndsIsRefused() {
            assertThat(refused(BYTES, "{\"records\":[{\"value\":" + "[".repeat(20_000))
                            .error())
                    .isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused(BYTES, "[".repeat(2_000_000)).error()).isEqualTo(ErrorCode.INVALID_REQUEST);
        }

        @Test
        void nulBytesAndBrokenUtf8AreRefusedBeforeAnythingIsGuessed() {
            byte[] utf16 = "{\"records\":[{}]}".getBytes(StandardCharsets.UTF_16LE);
            byte[] latin1 = "{\"records\":[{\"value\":\"é\"}]}".getBytes(StandardCharsets.ISO_8859_1);

            assertThatThrownBy(() -> reader(BYTES).read(utf16, utf16.length))
                    .hasMessage("the body is not JSON in UTF-8: a NUL at byte 1");
            assertThatThrownBy(() -> reader(BYTES).read(latin1, latin1.length))
                    .hasMessage("the body is not JSON in UTF-8: no valid UTF-8 at byte 22 (0xE9)");
        }

        @Test
        void smallRecordsThatGrowLargeInOurLayoutAreRefused() {
            String body = "{\"records\":[" + "{},".repeat(5000) + "{}]}";
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);

            ApiException refused = catchThrowableOfType(
                    ApiException.class,
                    () -> new JsonProduceReader(BYTES, STICKY, NOW_MS, 100_000, memory -> {})
                            .read(bytes, bytes.length));

            assertThat(refused.error()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
            assertThat(refused.detail()).contains("first 2001 records take more than the 100000 bytes");
        }

        @Test
        void bytesAfterTheBodyInItsArrayAreNotRead() {
            byte[] bytes = "{\"records\":[{}]}]]]]".getBytes(StandardCharsets.UTF_8);

            assertThat(reader(BYTES).read(bytes, bytes.length - 4).recordCount())
                    .isEqualTo(1);
        }
    }

    private static int byKey(String key) {
        return Partitioner.forKey(key.getBytes(StandardCharsets.UTF_8), BYTES.partitionCount());
    }

    private static Header header(String name, String value) {
        return new Header(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static List<Header> headers(String record) {
        byte[] headers = one(BYTES, record).headers();
        return HeaderCodec.decode(headers, 0, headers.length);
    }

    private static List<RecordError> errors(Topic topic, String records) {
        return refused(topic, "{\"records\":[" + records + "]}").recordErrors();
    }

    private static ApiException refused(Topic topic, String body) {
        ApiException refused = catchThrowableOfType(ApiException.class, () -> readBody(topic, body));
        assertThat(refused).as(body.length() > 200 ? "a long body" : body).isNotNull();
        return refused;
    }

    private static Tuple one(Topic topic, String record) {
        return tuples(read(topic, record)).get(0);
    }

    private static JsonProduceRequest read(Topic topic, String records) {
        return readBody(topic, "{\"records\":[" + records + "]}");
    }

    private static JsonProduceRequest readBody(Topic topic, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return reader(topic).read(bytes, bytes.length);
    }

    private static JsonProduceReader reader(Topic topic) {
        return new JsonProduceReader(topic, STICKY, NOW_MS, 64 << 20, memory -> {});
    }

    /** The records in the order of the request. */
    private static List<Tuple> tuples(JsonProduceRequest request) {
        List<List<Tuple>> batches =
                request.batches().stream().map(JsonProduceReaderTest::tuples).toList();
        List<Tuple> tuples = new ArrayList<>();
        for (int i = 0; i < request.recordCount(); i++) {
            tuples.add(batches.get(request.batchOf()[i]).get(request.placeOf()[i]));
        }
        return tuples;
    }

    private static List<Tuple> tuples(ProduceFrame.Batch batch) {
        List<Tuple> tuples = new ArrayList<>();
        byte[] bytes = batch.bytes();
        int at = batch.at();
        while (at < batch.at() + batch.length()) {
            assertThat(RecordLayout.hasFixedPart(bytes, at)).isTrue();
            int keyAt = at + RecordLayout.KEY_LENGTH_AT;
            int valueAt = RecordLayout.skip(bytes, keyAt);
            int headersAt = RecordLayout.skip(bytes, valueAt);
            tuples.add(new Tuple(
                    RecordLayout.partition(bytes, at),
                    RecordLayout.offset(bytes, at),
                    RecordLayout.timestampMs(bytes, at),
                    latin1(bytes, keyAt),
                    latin1(bytes, valueAt),
                    part(bytes, headersAt)));
            assertThat(RecordLayout.isNull(bytes, RecordLayout.skip(bytes, headersAt)))
                    .isTrue();
            at = RecordLayout.end(bytes, at);
        }
        assertThat(at).isEqualTo(batch.at() + batch.length());
        assertThat(tuples).hasSize(batch.recordCount());
        return tuples;
    }

    private static byte[] part(byte[] bytes, int lengthAt) {
        int length = RecordLayout.getInt(bytes, lengthAt);
        return length < 0 ? null : Arrays.copyOfRange(bytes, lengthAt + 4, lengthAt + 4 + length);
    }

    private static String latin1(byte[] bytes, int lengthAt) {
        byte[] part = part(bytes, lengthAt);
        return part == null ? null : new String(part, StandardCharsets.ISO_8859_1);
    }

    private static String utf8(String latin1) {
        return new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
