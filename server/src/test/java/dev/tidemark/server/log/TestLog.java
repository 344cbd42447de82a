package dev.tidemark.server.log;

import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.log.fetch.FetchRequest;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A log over a test's database, and short ways to append to it and read from it. */
public final class TestLog implements AutoCloseable {
    public static final long TIMEOUT_SECONDS = 30;
    public static final int LANES = 2;

    private static final AtomicInteger TOPICS = new AtomicInteger();

    private final Topics topics;
    private final RecordLog log;
    public final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    public TestLog(Database database) {
        this(database, 16 << 20);
    }

    public TestLog(Database database, long tailCacheBytes) {
        this(database, tailCacheBytes, Quotas.Limits.NONE);
    }

    public TestLog(Database database, long tailCacheBytes, Quotas.Limits quotas) {
        this(database, tailCacheBytes, quotas, 2_000);
    }

    public TestLog(Database database, long tailCacheBytes, Quotas.Limits quotas, long appendTimeoutMs) {
        this.topics = new Topics(database);
        this.log = new RecordLog(
                database,
                new RecordLog.Limits(
                        new Appender.Limits(LANES, 64 << 20, 4 << 20, appendTimeoutMs),
                        quotas,
                        tailCacheBytes,
                        2,
                        8 << 20),
                Clock.systemUTC(),
                metrics);
    }

    public RecordLog log() {
        return log;
    }

    public Topics topics() {
        return topics;
    }

    public Topic topic(int partitions, Map<String, String> configs) {
        String name = "topic-" + TOPICS.incrementAndGet();
        topics.create(new CreateTopicRequest(name, partitions, configs));
        return topics.find(name);
    }

    /** A batch of records without a producer id, one a value. */
    public static ProduceFrame.Batch batch(int partition, String... values) {
        return batch(partition, ProduceFrame.NO_PRODUCER_ID, 0, 0, values);
    }

    public static ProduceFrame.Batch batch(int partition, long producerId, int epoch, int sequence, String... values) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        long now = System.currentTimeMillis();
        for (int i = 0; i < values.length; i++) {
            records.writeBytes(record(i, now, partition, null, values[i].getBytes(StandardCharsets.UTF_8), List.of()));
        }
        byte[] bytes = records.toByteArray();
        return new ProduceFrame.Batch(
                partition, producerId, (short) epoch, sequence, values.length, bytes, 0, bytes.length);
    }

    /** One record as it travels. */
    public static byte[] record(
            int index, long timestampMs, int partition, byte[] key, byte[] value, List<Header> headers) {
        byte[] json = headers.isEmpty() ? null : HeaderCodec.encode(headers);
        int size = RecordLayout.size(
                key == null ? -1 : key.length, value == null ? -1 : value.length, json == null ? -1 : json.length);
        byte[] bytes = new byte[size];
        int at = RecordLayout.writeFixedPart(bytes, 0, index, timestampMs, partition);
        at = RecordLayout.writePart(bytes, at, key);
        at = RecordLayout.writePart(bytes, at, value);
        at = RecordLayout.writePart(bytes, at, json);
        RecordLayout.writePart(bytes, at, null);
        return bytes;
    }

    public CompletableFuture<List<BatchOutcome>> send(Topic topic, ProduceFrame.Batch... batches) {
        return log.append(request(topic, false, batches));
    }

    public CompletableFuture<List<BatchOutcome>> send(Topic topic, Acks acks, ProduceFrame.Batch... batches) {
        return log.append(request(topic, acks, false, batches));
    }

    public List<BatchOutcome> append(Topic topic, ProduceFrame.Batch... batches) throws Exception {
        return send(topic, batches).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    public CompletableFuture<List<BatchOutcome>> sendAtomically(Topic topic, ProduceFrame.Batch... batches) {
        return log.append(request(topic, true, batches));
    }

    public List<BatchOutcome> appendAtomically(Topic topic, ProduceFrame.Batch... batches) throws Exception {
        return log.append(request(topic, true, batches)).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    /** With acks=0. */
    public List<BatchOutcome> appendUnacknowledged(Topic topic, ProduceFrame.Batch... batches) throws Exception {
        return append(topic, Acks.NONE, batches);
    }

    public List<BatchOutcome> append(Topic topic, Acks acks, ProduceFrame.Batch... batches) throws Exception {
        return send(topic, acks, batches).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static AppendRequest request(Topic topic, boolean atomic, ProduceFrame.Batch... batches) {
        return request(topic, Acks.ALL, atomic, batches);
    }

    private static AppendRequest request(Topic topic, Acks acks, boolean atomic, ProduceFrame.Batch... batches) {
        List<AppendRequest.Entry> entries = new ArrayList<>();
        for (ProduceFrame.Batch batch : batches) {
            entries.add(new AppendRequest.Entry(topic, batch));
        }
        return new AppendRequest(entries, acks, atomic, "test");
    }

    public CompletableFuture<List<PartitionRecords>> fetching(Topic topic, int partition, long offset, int maxWaitMs) {
        return log.fetch(new FetchRequest(
                List.of(new FetchRequest.Position(topic, partition, offset)), Integer.MAX_VALUE, 1 << 20, maxWaitMs));
    }

    public PartitionRecords fetch(Topic topic, int partition, long offset) throws Exception {
        return fetching(topic, partition, offset, 0)
                .get(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .get(0);
    }

    /** Every value of a partition from an offset on, fetch by fetch. */
    public List<String> values(Topic topic, int partition, long offset) throws Exception {
        List<String> values = new ArrayList<>();
        long next = offset;
        while (true) {
            PartitionRecords read = fetch(topic, partition, next);
            if (read.error() != null) {
                throw new AssertionError(read.error() + ": " + read.detail());
            }
            if (read.recordCount() == 0) {
                return values;
            }
            next += collect(read, next, values);
        }
    }

    /** Checks that the offsets are dense from the expected one on. */
    private static int collect(PartitionRecords read, long expected, List<String> values) {
        int count = 0;
        for (Slice slice : read.slices()) {
            int at = slice.at();
            while (at < slice.at() + slice.length()) {
                if (RecordLayout.offset(slice.bytes(), at) != expected + count) {
                    throw new AssertionError("offset " + RecordLayout.offset(slice.bytes(), at) + " where "
                            + (expected + count) + " was expected");
                }
                int valueAt = RecordLayout.skip(slice.bytes(), at + RecordLayout.KEY_LENGTH_AT);
                values.add(new String(
                        slice.bytes(),
                        valueAt + 4,
                        RecordLayout.getInt(slice.bytes(), valueAt),
                        StandardCharsets.UTF_8));
                at = RecordLayout.end(slice.bytes(), at);
                count++;
            }
        }
        if (count != read.recordCount()) {
            throw new AssertionError(count + " records where " + read.recordCount() + " were announced");
        }
        return count;
    }

    @Override
    public void close() {
        log.close();
    }
}
