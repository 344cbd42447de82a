package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.protocol.api.TransactionResult;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a transaction has gathered, as batches. Not thread-safe. */
final class TransactionBuffer {
    private final int maxBytes;
    private final Map<String, TreeMap<Integer, Batch>> topics = new LinkedHashMap<>();
    /** In the order they were sent. */
    private final List<Sent> records = new ArrayList<>();

    private @Nullable GroupOffsets offsets;
    private long bytes;

    TransactionBuffer(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** One partition's records. */
    private static final class Batch {
        private final TopicPartition partition;
        private final ByteArrayOutputStream records = new ByteArrayOutputStream();
        private int count;

        Batch(TopicPartition partition) {
            this.partition = partition;
        }
    }

    private record Sent(Batch batch, int place, long timestampMs) {}

    /** @throws TransactionTooLargeException when there is no room; nothing was added */
    void add(
            TopicPartition partition,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers) {
        int size = RecordLayout.size(length(key), length(value), length(headers));
        if (bytes + size > maxBytes) {
            throw new TransactionTooLargeException(
                    "the transaction's records are more than maxTransactionBytes, " + maxBytes + " bytes");
        }
        Batch batch = topics.computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                .computeIfAbsent(partition.partition(), p -> new Batch(partition));
        byte[] record = new byte[size];
        int at = RecordLayout.writeFixedPart(record, 0, batch.count, timestampMs, partition.partition());
        at = RecordLayout.writePart(record, at, key);
        at = RecordLayout.writePart(record, at, value);
        at = RecordLayout.writePart(record, at, headers);
        RecordLayout.writePart(record, at, null);
        batch.records.writeBytes(record);
        records.add(new Sent(batch, batch.count, timestampMs));
        batch.count++;
        bytes += size;
    }

    private static int length(byte @Nullable [] part) {
        return part == null ? -1 : part.length;
    }

    void commit(GroupOffsets committed) {
        if (offsets != null) {
            throw new IllegalStateException("the transaction commits offsets already");
        }
        offsets = committed;
    }

    @Nullable
    GroupOffsets offsets() {
        return offsets;
    }

    boolean isEmpty() {
        return records.isEmpty() && offsets == null;
    }

    boolean hasRecords() {
        return !records.isEmpty();
    }

    /** How many records each partition gets, in the order of the request's batches. */
    Map<TopicPartition, Integer> counts() {
        Map<TopicPartition, Integer> counts = new LinkedHashMap<>();
        topics.values().forEach(batches -> batches.values().forEach(batch -> counts.put(batch.partition, batch.count)));
        return counts;
    }

    /** The request, the same each time it is sent. @param identity by whom, null where there are no records */
    Request request(Acks acks, @Nullable TransactionIdentity identity) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        putInt(body, topics.size());
        topics.forEach((topic, batches) -> {
            byte[] name = topic.getBytes(StandardCharsets.UTF_8);
            byte[] header = new byte[TransactionFrame.topicHeaderBytes(name)];
            TransactionFrame.writeTopicHeader(header, 0, name, batches.size());
            body.writeBytes(header);
            batches.values().forEach(batch -> put(body, batch, identity));
        });
        byte[] commit = offsets == null ? new byte[0] : Request.write(CommitBody.of(offsets));
        putInt(body, commit.length);
        body.writeBytes(commit);
        return new Request(
                "POST",
                "/v1/records?acks=" + acks.wireName(),
                BodyPublishers.ofByteArray(body.toByteArray()),
                MediaTypes.TRANSACTION_V1,
                MediaTypes.JSON);
    }

    private static void put(ByteArrayOutputStream body, Batch batch, @Nullable TransactionIdentity identity) {
        if (identity == null) {
            throw new IllegalStateException("records without somebody who sends them");
        }
        byte[] header = new byte[ProduceFrame.BATCH_HEADER_BYTES];
        ProduceFrame.writeBatchHeader(
                header,
                0,
                batch.partition.partition(),
                identity.id(),
                identity.epoch(),
                identity.nextSequence(batch.partition),
                batch.count,
                batch.records.size());
        body.writeBytes(header);
        body.writeBytes(batch.records.toByteArray());
    }

    private static void putInt(ByteArrayOutputStream body, int value) {
        byte[] bytes = new byte[4];
        RecordLayout.putInt(bytes, 0, value);
        body.writeBytes(bytes);
    }

    /** Where the records are, in the order they were sent. @param batches the answer's, in the order of the request's */
    List<RecordMetadata> places(List<TransactionResult.Batch> batches) {
        Map<TopicPartition, TransactionResult.Batch> answered = new LinkedHashMap<>();
        batches.forEach(batch -> answered.put(new TopicPartition(batch.topic(), batch.partition()), batch));
        List<RecordMetadata> places = new ArrayList<>(records.size());
        for (Sent sent : records) {
            TopicPartition partition = sent.batch().partition;
            var batch = answered.get(partition);
            if (batch == null) {
                throw new TidemarkException(
                        ErrorCode.UNKNOWN_SERVER_ERROR, "the server did not answer for partition " + partition);
            }
            places.add(new RecordMetadata(
                    partition.topic(),
                    partition.partition(),
                    batch.baseOffset() + sent.place(),
                    batch.appendTimeMs() < 0 ? sent.timestampMs() : batch.appendTimeMs()));
        }
        return places;
    }
}
