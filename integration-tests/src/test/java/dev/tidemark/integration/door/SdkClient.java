package dev.tidemark.integration.door;

import dev.tidemark.client.Acks;
import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.OffsetAndTimestamp;
import dev.tidemark.client.OffsetSpec;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicSummary;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The Java SDK, as an application would use it. */
public final class SdkClient implements LogClient {
    private static final int MAX_REQUEST_BYTES = 8 << 20;
    private static final Duration READ_PATIENCE = Duration.ofSeconds(20);

    private final String server;
    private final TidemarkAdmin admin;
    private final Map<Acks, TidemarkProducer<byte[], byte[]>> producers = new EnumMap<>(Acks.class);

    public SdkClient(URI server) {
        this.server = server.toString();
        this.admin = TidemarkAdmin.builder().servers(this.server).build();
    }

    @Override
    public TopicDescription createTopic(String name, int partitionCount, Map<String, String> configs) {
        return call(() -> admin.createTopic(name, partitionCount, configs));
    }

    @Override
    public List<String> listTopics() {
        return call(() -> admin.listTopics().stream().map(TopicSummary::name).toList());
    }

    @Override
    public TopicDescription describeTopic(String name) {
        return call(() -> admin.describeTopic(name));
    }

    @Override
    public TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs) {
        return call(() -> admin.alterConfigs(name, configs));
    }

    @Override
    public TopicDescription addPartitions(String name, int partitionCount) {
        return call(() -> admin.createPartitions(name, partitionCount));
    }

    @Override
    public void deleteTopic(String name) {
        call(() -> {
            admin.deleteTopic(name);
            return name;
        });
    }

    @Override
    public List<Place> produce(String topic, Acks acks, List<Message> messages) {
        TidemarkProducer<byte[], byte[]> producer = producers.computeIfAbsent(acks, this::newProducer);
        return call(() -> {
            List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
            for (Message message : messages) {
                sent.add(producer.send(new ProducerRecord<>(
                        topic,
                        message.partition(),
                        message.timestampMs(),
                        message.content().key(),
                        message.content().value(),
                        message.content().headers())));
            }
            return sent.stream()
                    .map(CompletableFuture::join)
                    .map(at -> new Place(at.partition(), at.offset(), at.timestamp()))
                    .toList();
        });
    }

    private TidemarkProducer<byte[], byte[]> newProducer(Acks acks) {
        return TidemarkProducer.builder()
                .servers(server)
                .acks(acks)
                .maxRequestBytes(MAX_REQUEST_BYTES)
                .build();
    }

    @Override
    public CompletableFuture<List<Stored>> poll(String topic, int partition, long from, Duration wait) {
        Executor aThreadEach = task -> new Thread(task).start();
        return CompletableFuture.supplyAsync(
                () -> {
                    try (TidemarkConsumer<byte[], byte[]> consumer = consumer(topic, partition, from)) {
                        return next(consumer, wait);
                    }
                },
                aThreadEach);
    }

    @Override
    public List<Stored> read(String topic, int partition, long from, int count) {
        List<Stored> all = new ArrayList<>(count);
        try (TidemarkConsumer<byte[], byte[]> consumer = consumer(topic, partition, from)) {
            while (all.size() < count) {
                List<Stored> some = next(consumer, READ_PATIENCE);
                if (some.isEmpty()) {
                    throw new AssertionError(
                            "only " + all.size() + " of " + count + " records came from offset " + from);
                }
                all.addAll(some);
            }
        }
        return all.subList(0, count);
    }

    private static List<Stored> next(TidemarkConsumer<byte[], byte[]> consumer, Duration wait) {
        return call(() -> {
            List<Stored> records = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
                records.add(new Stored(
                        record.partition(),
                        record.offset(),
                        record.timestamp(),
                        new Content(record.key(), record.value(), record.headers())));
            }
            return records;
        });
    }

    private TidemarkConsumer<byte[], byte[]> consumer(String topic, int partition, long from) {
        TidemarkConsumer<byte[], byte[]> consumer = newConsumer();
        TopicPartition topicPartition = new TopicPartition(topic, partition);
        consumer.assign(List.of(topicPartition));
        consumer.seek(topicPartition, from);
        return consumer;
    }

    private TidemarkConsumer<byte[], byte[]> newConsumer() {
        return TidemarkConsumer.builder()
                .servers(server)
                .autoOffsetReset(AutoOffsetReset.NONE)
                .fetchMaxWait(Duration.ofSeconds(30))
                .build();
    }

    @Override
    public long earliest(String topic, int partition) {
        return offset(topic, partition, OffsetSpec.earliest());
    }

    @Override
    public long latest(String topic, int partition) {
        return offset(topic, partition, OffsetSpec.latest());
    }

    private long offset(String topic, int partition, OffsetSpec spec) {
        TopicPartition topicPartition = new TopicPartition(topic, partition);
        return call(() -> admin.listOffsets(Map.of(topicPartition, spec))).get(topicPartition);
    }

    @Override
    public Optional<OffsetAtTime> firstAt(String topic, int partition, Instant time) {
        TopicPartition topicPartition = new TopicPartition(topic, partition);
        try (TidemarkConsumer<byte[], byte[]> consumer = newConsumer()) {
            OffsetAndTimestamp found = call(() -> consumer.offsetsForTimes(Map.of(topicPartition, time.toEpochMilli())))
                    .get(topicPartition);
            return Optional.ofNullable(found).map(at -> new OffsetAtTime(at.offset(), at.timestamp()));
        }
    }

    private static <T> T call(Supplier<T> call) {
        try {
            return call.get();
        } catch (TidemarkException e) {
            throw new Refused(e.errorCode(), e.getMessage());
        } catch (CompletionException e) {
            if (e.getCause() instanceof TidemarkException cause) {
                throw new Refused(cause.errorCode(), cause.getMessage());
            }
            throw e;
        }
    }

    @Override
    public void close() {
        producers.values().forEach(TidemarkProducer::close);
        admin.close();
    }
}
