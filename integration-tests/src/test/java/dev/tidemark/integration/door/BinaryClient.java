package dev.tidemark.integration.door;

import dev.tidemark.client.Acks;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.api.BatchResult;
import dev.tidemark.protocol.api.FetchBody;
import dev.tidemark.protocol.api.PartitionOffset;
import dev.tidemark.protocol.api.ProduceResult;
import dev.tidemark.protocol.api.ProducerIdentity;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The binary form by hand, as the SDK speaks it. */
public final class BinaryClient extends HttpDoor {
    private static final ProducerIdentity NOBODY = new ProducerIdentity(ProduceFrame.NO_PRODUCER_ID, (short) -1);

    public BinaryClient(HttpApi http) {
        super(http);
    }

    /** What became of each batch of a request. */
    public List<BatchResult> produceBatches(String topic, Acks acks, List<Sequenced> batches) {
        return Answers.join(produceBatchesAsync(topic, acks, batches));
    }

    private CompletableFuture<List<BatchResult>> produceBatchesAsync(String topic, Acks acks, List<Sequenced> batches) {
        HttpRequest.Builder request = http.request(records(topic) + "?acks=" + wireName(acks))
                .header("Content-Type", MediaTypes.RECORDS_V1)
                .POST(BodyPublishers.ofByteArray(frame(batches)));
        return http.sendAsync(request)
                .thenApply(body -> HttpApi.read(body, ProduceResult.class).batches());
    }

    static String wireName(Acks acks) {
        return switch (acks) {
            case ALL -> "all";
            case LEADER -> "1";
            case NONE -> "0";
        };
    }

    private static byte[] frame(List<Sequenced> batches) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        byte[] head = new byte[ProduceFrame.HEADER_BYTES];
        ProduceFrame.writeHeader(head, 0, batches.size());
        frame.writeBytes(head);
        for (Sequenced batch : batches) {
            byte[] records = encode(batch);
            byte[] batchHead = new byte[ProduceFrame.BATCH_HEADER_BYTES];
            ProduceFrame.writeBatchHeader(
                    batchHead,
                    0,
                    batch.partition(),
                    batch.producer().producerId(),
                    batch.producer().producerEpoch(),
                    batch.baseSequence(),
                    batch.messages().size(),
                    records.length);
            frame.writeBytes(batchHead);
            frame.writeBytes(records);
        }
        return frame.toByteArray();
    }

    private static byte[] encode(Sequenced batch) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        long now = System.currentTimeMillis();
        for (int i = 0; i < batch.messages().size(); i++) {
            Message message = batch.messages().get(i);
            long timestampMs = message.timestampMs() == null ? now : message.timestampMs();
            records.writeBytes(encode(message.content(), i, timestampMs, batch.partition()));
        }
        return records.toByteArray();
    }

    private static byte[] encode(Content content, int index, long timestampMs, int partition) {
        byte[] headers = content.headers().isEmpty() ? null : HeaderCodec.encode(content.headers());
        byte[] record = new byte[RecordLayout.size(length(content.key()), length(content.value()), length(headers))];
        int at = RecordLayout.writeFixedPart(record, 0, index, timestampMs, partition);
        at = RecordLayout.writePart(record, at, content.key());
        at = RecordLayout.writePart(record, at, content.value());
        at = RecordLayout.writePart(record, at, headers);
        RecordLayout.writePart(record, at, null);
        return record;
    }

    private static int length(byte @Nullable [] part) {
        return part == null ? -1 : part.length;
    }

    @Override
    public CompletableFuture<List<Place>> produceAsync(String topic, Acks acks, Sequenced batch) {
        return produceBatchesAsync(topic, acks, List.of(batch)).thenApply(results -> places(batch, results.get(0)));
    }

    private static List<Place> places(Sequenced batch, BatchResult result) {
        if (result.error() != null) {
            throw new Refused(
                    ErrorCode.valueOf(result.error()),
                    String.valueOf(result.detail()),
                    result.recordErrors() == null ? List.of() : result.recordErrors());
        }
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < batch.messages().size(); i++) {
            Long timestampMs = batch.messages().get(i).timestampMs();
            places.add(new Place(
                    result.partition(),
                    result.baseOffset() < 0 ? -1 : result.baseOffset() + i,
                    result.appendTimeMs() >= 0 || timestampMs == null ? result.appendTimeMs() : timestampMs));
        }
        return places;
    }

    @Override
    public List<Place> produce(String topic, Acks acks, List<Message> messages) {
        Map<Integer, List<Integer>> byPartition = new LinkedHashMap<>();
        int partitionCount = describeTopic(topic).partitionCount();
        for (int i = 0; i < messages.size(); i++) {
            byPartition
                    .computeIfAbsent(partition(messages.get(i), partitionCount), p -> new ArrayList<>())
                    .add(i);
        }
        List<Sequenced> batches = new ArrayList<>();
        byPartition.forEach((partition, indexes) -> batches.add(new Sequenced(
                NOBODY, -1, partition, indexes.stream().map(messages::get).toList())));
        List<BatchResult> results = produceBatches(topic, acks, batches);
        Place[] places = new Place[messages.size()];
        for (int b = 0; b < batches.size(); b++) {
            List<Place> placed = places(batches.get(b), results.get(b));
            List<Integer> indexes = byPartition.get(batches.get(b).partition());
            for (int i = 0; i < placed.size(); i++) {
                places[indexes.get(i)] = placed.get(i);
            }
        }
        return Arrays.asList(places);
    }

    private static int partition(Message message, int partitionCount) {
        byte[] key = message.content().key();
        if (message.partition() != null) {
            return message.partition();
        }
        return key == null ? 0 : Partitioner.forKey(key, partitionCount);
    }

    @Override
    public CompletableFuture<Fetched> fetchAsync(String topic, int partition, long offset, Bounds bounds) {
        HttpRequest.Builder request = http.request(recordsFrom(topic, partition, offset, bounds))
                .header("Accept", MediaTypes.RECORDS_V1)
                .GET();
        return http.sendAsync(request).thenApply(body -> read(body).get(0));
    }

    @Override
    public List<Fetched> fetchSeveral(List<Position> positions, int maxBytes, int maxWaitMs) {
        FetchBody body = new FetchBody(
                positions.stream()
                        .map(p -> new PartitionOffset(p.topic(), p.partition(), p.offset()))
                        .toList(),
                maxBytes,
                maxWaitMs);
        return read(http.send(http.withBody("/v1/fetch", "POST", body).header("Accept", MediaTypes.RECORDS_V1)));
    }

    private static List<Fetched> read(byte[] body) {
        return FetchFrame.read(body).stream().map(BinaryClient::fetched).toList();
    }

    private static Fetched fetched(FetchFrame.Section section) {
        FetchFrame.SectionHeader header = section.header();
        if (header.errorCode() != 0) {
            throw new Refused(ErrorCode.byCode(header.errorCode()).orElseThrow(), header.detail());
        }
        List<Stored> records = new ArrayList<>();
        int at = section.at();
        while (at < section.at() + header.length()) {
            records.add(stored(section.bytes(), at));
            at = RecordLayout.end(section.bytes(), at);
        }
        if (records.size() != header.recordCount()) {
            throw new IllegalStateException(header.recordCount() + " records said, " + records.size() + " there");
        }
        return new Fetched(
                records,
                header.logStartOffset(),
                header.highWatermark(),
                header.lastStableOffset(),
                header.leaderEpoch(),
                header.nextOffset());
    }

    private static Stored stored(byte[] bytes, int at) {
        int keyAt = at + RecordLayout.KEY_LENGTH_AT;
        int valueAt = RecordLayout.skip(bytes, keyAt);
        int headersAt = RecordLayout.skip(bytes, valueAt);
        byte[] headers = part(bytes, headersAt);
        List<Header> decoded = headers == null ? List.of() : HeaderCodec.decode(headers, 0, headers.length);
        return new Stored(
                RecordLayout.partition(bytes, at),
                RecordLayout.offset(bytes, at),
                RecordLayout.timestampMs(bytes, at),
                new Content(part(bytes, keyAt), part(bytes, valueAt), decoded));
    }

    private static byte @Nullable [] part(byte[] bytes, int lengthAt) {
        return RecordLayout.isNull(bytes, lengthAt)
                ? null
                : Arrays.copyOfRange(bytes, lengthAt + 4, RecordLayout.skip(bytes, lengthAt));
    }
}
