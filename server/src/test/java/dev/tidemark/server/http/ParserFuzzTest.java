package dev.tidemark.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.server.json.JsonText;
import dev.tidemark.server.testing.Fuzz;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What comes from outside is read, or refused as the caller's mistake: no other exception, and no more memory than its size allows. */
class ParserFuzzTest {
    private static final int MAX_BYTES = 1 << 20;

    /**
     * What a parser may take beside what it takes for each byte: Jackson's buffers, messages, stack traces, and once what Java takes to load its classes. A count or
     * length that is believed takes more.
     */
    private static final long FIXED_BYTES = 8 << 20;

    private static final long BYTES_PER_BYTE = 300;

    /** Loading JSON's classes takes more than any body here. */
    @BeforeAll
    static void loadClasses() {
        byte[] noJson = {'{', 'x'};
        assertThatThrownBy(() -> Json.read(noJson, 0, noJson.length, JsonCommit::read))
                .isInstanceOf(ApiException.class);
    }

    @Test
    void aJsonProduceRequestIsReadOrRefused() {
        Fuzz.run(3000, random -> {
            byte[] body = random.nextInt(20) == 0
                    ? Fuzz.randomBytes(random, 200)
                    : Fuzz.mutated(produceRequest(random).getBytes(UTF_8), random);
            DataType valueType = DataType.values()[random.nextInt(DataType.values().length)];
            JsonProduceReader reader = new JsonProduceReader(
                    SomeTopic.of(DataType.BYTES, valueType, 4), random.nextInt(4), 1, MAX_BYTES, memory -> {});
            readOrRefused(body, () -> {
                JsonProduceRequest request = reader.read(body, body.length);
                assertThat(request.recordCount()).isPositive();
                for (ProduceFrame.Batch batch : request.batches()) {
                    assertThat(endOf(batch)).isEqualTo(batch.at() + batch.length());
                }
            });
        });
    }

    @Test
    void fieldsOfAJsonObjectAreReadOrRefused() {
        String valid =
                "{\"name\":\"orders\",\"partition_count\":3,\"configs\":{\"retention.ms\":86400000,\"a\":\"b\",\"c\":null}}";
        Fuzz.run(3000, random -> {
            byte[] body = random.nextInt(20) == 0
                    ? Fuzz.randomBytes(random, 100)
                    : Fuzz.mutated(valid.getBytes(UTF_8), random);
            readOrRefused(body, () -> {
                JsonFields fields = JsonFields.read(body, body.length, "name", "partition_count", "configs");
                fields.requiredText("name");
                fields.integer("partition_count", Integer.MIN_VALUE, Integer.MAX_VALUE);
                fields.strings("configs");
            });
        });
    }

    @Test
    void aProduceFrameIsReadOrRefused() {
        Fuzz.run(5000, random -> {
            byte[] body = random.nextInt(10) == 0
                    ? Fuzz.randomBytes(random, 200)
                    : Fuzz.mutated(produceFrame(random), random);
            readOrRefused(body, () -> {
                for (ProduceFrame.Batch batch : ProduceFrame.read(body, body.length)) {
                    assertThat(batch.at()).isPositive();
                    assertThat(batch.length()).isBetween(0, body.length - batch.at());
                    assertThat(batch.recordCount()).isPositive();
                }
            });
        });
    }

    @Test
    void aJsonTransactionIsReadOrRefused() {
        Fuzz.run(3000, random -> {
            byte[] body = random.nextInt(20) == 0
                    ? Fuzz.randomBytes(random, 200)
                    : mutatedSometimes(transaction(random).getBytes(UTF_8), random);
            int[] sticky = {0};
            JsonTransactionReader reader = new JsonTransactionReader(
                    ParserFuzzTest::known, topic -> sticky[0]++ % topic.partitionCount(), 1, MAX_BYTES, memory -> {});
            readOrRefused(body, () -> {
                JsonTransactionReader.Request request = reader.read(body, body.length);
                List<ProduceFrame.Batch> batches = request.records().batches();
                assertThat(request.topicOfBatch()).hasSameSizeAs(batches);
                assertThat(batches.stream()
                                .mapToInt(ProduceFrame.Batch::recordCount)
                                .sum())
                        .isEqualTo(request.records().recordCount());
                assertThat(batches.isEmpty() && request.commit() == null).isFalse();
                for (int i = 0; i < batches.size(); i++) {
                    ProduceFrame.Batch batch = batches.get(i);
                    assertThat(endOf(batch)).isEqualTo(batch.at() + batch.length());
                    assertThat(batch.partition())
                            .isBetween(0, request.topicOfBatch().get(i).partitionCount() - 1);
                }
            });
        });
    }

    /** As it is one time in eight, so that a generator that makes nothing valid is noticed by what is asserted of what is read. */
    private static byte[] mutatedSometimes(byte[] bytes, Random random) {
        return random.nextInt(8) == 0 ? bytes : Fuzz.mutated(bytes, random);
    }

    @Test
    void aJsonTransactionAsItIsGeneratedIsRead() {
        Fuzz.run(300, random -> {
            byte[] body = transaction(random).getBytes(UTF_8);
            new JsonTransactionReader(ParserFuzzTest::known, topic -> 0, 1, MAX_BYTES, memory -> {})
                    .read(body, body.length);
        });
    }

    private static Topic known(String name) {
        return switch (name) {
            case "bytes" -> SomeTopic.of(DataType.BYTES, DataType.BYTES, 4);
            case "json" -> SomeTopic.of(DataType.TEXT, DataType.JSON, 4);
            default -> throw new ApiException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no such topic");
        };
    }

    private static String transaction(Random random) {
        StringBuilder json = new StringBuilder("{");
        if (random.nextBoolean()) {
            json.append("\"commit\":{\"group\":\"g\",\"member_id\":")
                    .append(Fuzz.quoted("m" + Fuzz.text(random, 5)))
                    .append(",\"generation_id\":3,\"offsets\":[{\"topic\":\"bytes\",\"partition\":0,")
                    .append("\"committed_offset\":9223372036854775807,\"leader_epoch\":1,\"metadata\":\"\\u00e9\"}]},");
        }
        json.append("\"records\":[");
        for (int i = 0, records = 1 + random.nextInt(5); i < records; i++) {
            String record = record(random);
            String topic = "\"topic\":\"" + (random.nextBoolean() ? "bytes" : "json") + "\"";
            json.append(i == 0 ? "" : ",")
                    .append(
                            random.nextBoolean()
                                    ? "{" + topic + "," + record.substring(1)
                                    : record.substring(0, record.length() - 1) + "," + topic + "}");
        }
        return json.append("]}").toString();
    }

    @Test
    void aTransactionFrameIsReadOrRefused() {
        Fuzz.run(5000, random -> {
            byte[] valid = transactionFrame(random);
            assertThat(TransactionFrame.read(valid, valid.length).topics()).isNotEmpty();
            byte[] body = random.nextInt(10) == 0 ? Fuzz.randomBytes(random, 200) : Fuzz.mutated(valid, random);
            readOrRefused(body, () -> {
                TransactionFrame.Transaction read = TransactionFrame.read(body, body.length);
                assertThat(read.commitAt()).isBetween(0, body.length);
                assertThat(read.commitAt() + read.commitLength()).isEqualTo(body.length);
                for (TransactionFrame.TopicBatches topic : read.topics()) {
                    assertThat(topic.topic()).isNotEmpty();
                    assertThat(topic.batches()).isNotEmpty();
                    for (ProduceFrame.Batch batch : topic.batches()) {
                        assertThat(batch.length()).isBetween(0, read.commitAt() - batch.at());
                        assertThat(batch.recordCount()).isPositive();
                    }
                }
                if (read.commitLength() > 0) {
                    Json.read(read.bytes(), read.commitAt(), read.commitLength(), JsonCommit::read);
                }
            });
        });
    }

    private static byte[] transactionFrame(Random random) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        int topics = 1 + random.nextInt(3);
        frame.writeBytes(integer(topics));
        for (int i = 0; i < topics; i++) {
            byte[] name = ("t" + Fuzz.text(random, 10)).getBytes(UTF_8);
            byte[] batches = produceFrame(random);
            byte[] head = new byte[TransactionFrame.topicHeaderBytes(name)];
            TransactionFrame.writeTopicHeader(head, 0, name, RecordLayout.getInt(batches, 0));
            frame.writeBytes(head);
            frame.write(batches, ProduceFrame.HEADER_BYTES, batches.length - ProduceFrame.HEADER_BYTES);
        }
        byte[] commit = random.nextBoolean()
                ? new byte[0]
                : "{\"group\":\"g\",\"offsets\":[{\"topic\":\"t\",\"partition\":0,\"committed_offset\":7}]}"
                        .getBytes(UTF_8);
        frame.writeBytes(integer(commit.length));
        frame.writeBytes(commit);
        return frame.toByteArray();
    }

    private static byte[] integer(int value) {
        byte[] bytes = new byte[4];
        RecordLayout.putInt(bytes, 0, value);
        return bytes;
    }

    @Test
    void aFetchFrameIsReadOrRefused() {
        Fuzz.run(5000, random -> {
            byte[] valid = fetchFrame(random);
            assertThat(FetchFrame.read(valid)).hasSize(2);
            byte[] answer = Fuzz.mutated(valid, random);
            long taken = Fuzz.allocatedBytes(() -> {
                try {
                    FetchFrame.read(answer);
                } catch (IllegalArgumentException e) {
                    assertThat(e).hasMessageContaining("fetch answer");
                }
            });
            assertThat(taken).isLessThan(FIXED_BYTES + BYTES_PER_BYTE * answer.length);
        });
    }

    @Test
    void headersAreReadBackAsTheyWereOrRefused() {
        Fuzz.run(5000, random -> {
            List<Header> headers = headers(random);
            byte[] encoded = HeaderCodec.encode(headers);
            assertThat(JsonText.check(encoded, 0, encoded.length)).isNull();
            assertThat(HeaderCodec.decode(encoded, 0, encoded.length)).isEqualTo(headers);

            byte[] mutated = Fuzz.mutated(encoded, random);
            long taken = Fuzz.allocatedBytes(() -> {
                try {
                    List<Header> read = HeaderCodec.decode(mutated, 0, mutated.length);
                    if (!read.isEmpty()) {
                        byte[] again = HeaderCodec.encode(read);
                        assertThat(HeaderCodec.decode(again, 0, again.length)).isEqualTo(read);
                    }
                } catch (IllegalArgumentException e) {
                    assertThat(e.getMessage()).isNotEmpty();
                }
            });
            assertThat(taken).isLessThan(FIXED_BYTES + BYTES_PER_BYTE * mutated.length);
        });
    }

    @Test
    void aTimeIsReadAndWrittenTheSameOrRefused() {
        String[] valid = {
            "2026-11-22T09:57:26.123Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999+14:00",
            "2024-02-29t12:00:00-00:30",
            "1970-01-01T00:00:00.000000001z"
        };
        Fuzz.run(5000, random -> {
            byte[] mutated = Fuzz.mutated(valid[random.nextInt(valid.length)].getBytes(UTF_8), random);
            OptionalLong ms = Timestamps.parse(new String(mutated, UTF_8));
            if (ms.isPresent()) {
                assertThat(Timestamps.parse(Timestamps.format(ms.getAsLong()))).isEqualTo(ms);
            }
        });
    }

    /** Runs the reading within its memory; {@link ApiException} of the caller's kind is the other legal end. */
    private static void readOrRefused(byte[] body, Fuzz.Work reading) throws Exception {
        long taken = Fuzz.allocatedBytes(() -> {
            try {
                reading.run();
            } catch (ApiException refused) {
                assertThat(refused.error().httpStatus()).as(Fuzz.shown(body)).isBetween(400, 499);
                assertThat(refused.detail()).isNotEmpty();
            }
        });
        assertThat(taken).as(Fuzz.shown(body)).isLessThan(FIXED_BYTES + BYTES_PER_BYTE * body.length);
    }

    private static int endOf(ProduceFrame.Batch batch) {
        int at = batch.at();
        for (int i = 0; i < batch.recordCount(); i++) {
            at = RecordLayout.end(batch.bytes(), at);
        }
        return at;
    }

    private static String produceRequest(Random random) {
        StringBuilder json = new StringBuilder("{\"records\":[");
        for (int i = 0, records = 1 + random.nextInt(5); i < records; i++) {
            json.append(i == 0 ? "" : ",").append(record(random));
        }
        json.append(']');
        if (random.nextInt(3) == 0) {
            json.append(
                    ",\"producer_id\":7,\"producer_epoch\":0,\"base_sequences\":{\"0\":0,\"1\":0,\"2\":5,\"3\":2147483647}");
        }
        return json.append('}').toString();
    }

    private static String record(Random random) {
        List<String> fields = new ArrayList<>();
        if (random.nextBoolean()) {
            fields.add("\"key\":" + Fuzz.quoted(Fuzz.text(random, 10)));
        }
        switch (random.nextInt(4)) {
            case 0 -> fields.add("\"value\":" + Fuzz.quoted(Fuzz.text(random, 20)));
            case 1 -> fields.add("\"value\":{\"a\":[1,-2.50e3,null,{\"b\":\"\\u00e9\"}], \"c\" : true}");
            case 2 ->
                fields.add("\"value_base64\":\"" + Base64.getEncoder().encodeToString(Fuzz.randomBytes(random, 20))
                        + "\"");
            default -> fields.add("\"value\":null");
        }
        if (random.nextInt(3) == 0) {
            fields.add(
                    "\"headers\":[{\"name\":\"n\",\"value\":\"v\"},{\"name\":\"b\",\"value_base64\":\"AAE=\"},{\"name\":\"x\",\"value\":null}]");
        } else if (random.nextInt(3) == 0) {
            fields.add("\"headers\":{\"trace\":\"a1b2\"}");
        }
        if (random.nextInt(3) == 0) {
            fields.add("\"timestamp\":" + (random.nextBoolean() ? "1700000000000" : "\"2026-11-22T09:57:26.123Z\""));
        }
        if (random.nextInt(3) == 0) {
            fields.add("\"partition\":" + random.nextInt(4));
        }
        return "{" + String.join(",", fields) + "}";
    }

    private static List<Header> headers(Random random) {
        List<Header> headers = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            byte[] value = random.nextInt(4) == 0
                    ? null
                    : random.nextBoolean()
                            ? Fuzz.randomBytes(random, 20)
                            : Fuzz.text(random, 10).getBytes(UTF_8);
            headers.add(new Header(Fuzz.text(random, 8), value));
        }
        return headers;
    }

    private static byte[] produceFrame(Random random) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        byte[] head = new byte[ProduceFrame.HEADER_BYTES];
        int batches = 1 + random.nextInt(3);
        ProduceFrame.writeHeader(head, 0, batches);
        frame.writeBytes(head);
        for (int i = 0; i < batches; i++) {
            byte[] record = new byte[RecordLayout.size(-1, 5, -1)];
            int at = RecordLayout.writeFixedPart(record, 0, 0, 1, i);
            at = RecordLayout.writePart(record, at, null);
            at = RecordLayout.writePart(record, at, "value".getBytes(UTF_8));
            at = RecordLayout.writePart(record, at, null);
            RecordLayout.writePart(record, at, null);
            byte[] batch = new byte[ProduceFrame.BATCH_HEADER_BYTES];
            ProduceFrame.writeBatchHeader(batch, 0, i, -1, (short) -1, -1, 1, record.length);
            frame.writeBytes(batch);
            frame.writeBytes(record);
        }
        return frame.toByteArray();
    }

    private static byte[] fetchFrame(Random random) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.writeBytes(FetchFrame.header(2));
        for (int i = 0; i < 2; i++) {
            byte[] records = Fuzz.randomBytes(random, 100);
            frame.writeBytes(FetchFrame.encode(new FetchFrame.SectionHeader(
                    (short) random.nextInt(3), Fuzz.text(random, 10), 0, 9, 9, 0, 5, 3, records.length)));
            frame.writeBytes(records);
        }
        return frame.toByteArray();
    }
}
