package dev.tidemark.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link TidemarkProducer}. Not thread-safe. Values out of range are refused by {@link #build}. */
public final class ProducerBuilder<K, V> {
    private final Serializer<K> keySerializer;
    private final Serializer<V> valueSerializer;
    private ConnectionConfig connection = ConnectionConfig.DEFAULT;
    private Acks acks = Acks.ALL;
    private @Nullable Boolean idempotence;
    private int batchBytes = 512 << 10;
    private Duration linger = Duration.ZERO;
    private int maxRequestBytes = 2 << 20;
    private int maxInFlightRequests = 5;
    private long bufferBytes = 32L << 20;
    private Duration maxBlock = Duration.ofSeconds(60);
    private Duration deliveryTimeout = Duration.ofSeconds(120);
    private int maxTransactionBytes = 8 << 20;
    private RecordPartitioner partitioner = RecordPartitioner.byKey();

    ProducerBuilder(Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        this.keySerializer = keySerializer;
        this.valueSerializer = valueSerializer;
    }

    private <K2, V2> ProducerBuilder<K2, V2> with(Serializer<K2> newKeys, Serializer<V2> newValues) {
        ProducerBuilder<K2, V2> copy =
                new ProducerBuilder<>(Objects.requireNonNull(newKeys), Objects.requireNonNull(newValues));
        copy.connection = connection;
        copy.acks = acks;
        copy.idempotence = idempotence;
        copy.batchBytes = batchBytes;
        copy.linger = linger;
        copy.maxRequestBytes = maxRequestBytes;
        copy.maxInFlightRequests = maxInFlightRequests;
        copy.bufferBytes = bufferBytes;
        copy.maxBlock = maxBlock;
        copy.deliveryTimeout = deliveryTimeout;
        copy.maxTransactionBytes = maxTransactionBytes;
        copy.partitioner = partitioner;
        return copy;
    }

    /** How keys become bytes; {@link Serializers#bytes} until set. Go on with the builder returned: it has the new type. */
    public <K2> ProducerBuilder<K2, V> keySerializer(Serializer<K2> serializer) {
        return with(serializer, valueSerializer);
    }

    /** How values become bytes; {@link Serializers#bytes} until set. Go on with the builder returned: it has the new type. */
    public <V2> ProducerBuilder<K, V2> valueSerializer(Serializer<V2> serializer) {
        return with(keySerializer, serializer);
    }

    /**
     * Addresses as {@code http://host:port} or {@code https://host:port}, several separated by commas or as several arguments; {@code http://localhost:8080} until set. Any server may serve any request. The client stays with
     * one of them, drawn by lot; goes to another when that refuses, breaks off, says that it cannot serve, or has answered nothing for about 4 s; and comes back some seconds after it is ready again.
     */
    public ProducerBuilder<K, V> servers(String... addresses) {
        connection = connection.withServers(addresses);
        return this;
    }

    /** The bearer token to send; none until set. Over {@code http} it can be read on the way: use {@code https} beyond your own machine. */
    public ProducerBuilder<K, V> token(@Nullable String token) {
        connection = connection.with(connection.security().withToken(token));
        return this;
    }

    /**
     * Where the bearer token comes from that each request sends, for tokens that change while the client runs. Asked by threads of the client's before each request, so it should answer from memory; null: none is
     * sent. What it throws fails the request with {@link AuthenticationException}.
     */
    public ProducerBuilder<K, V> tokenSupplier(Supplier<@Nullable String> supplier) {
        connection = connection.with(connection.security().withToken(Objects.requireNonNull(supplier)));
        return this;
    }

    /** Trust, for {@code https} addresses, servers whose certificates lead to one in this PEM file, and no others; until set, those the JDK trusts. @throws IllegalArgumentException when the file cannot be used */
    public ProducerBuilder<K, V> caCertificates(Path file) {
        return caCertificates(file, null);
    }

    /** The same with a PKCS12 or JKS truststore, and its password. @throws IllegalArgumentException when the file cannot be used */
    public ProducerBuilder<K, V> caCertificates(Path file, @Nullable String password) {
        return sslContext(CaCertificates.tls(file, password));
    }

    /** Everything about TLS in your own hands, client certificates too; for {@code https} addresses. */
    public ProducerBuilder<K, V> sslContext(SSLContext context) {
        connection = connection.with(connection.security().withTls(Objects.requireNonNull(context)));
        return this;
    }

    /** When records are acknowledged; {@link Acks#ALL} until set. */
    public ProducerBuilder<K, V> acks(Acks newAcks) {
        acks = newAcks;
        return this;
    }

    /**
     * Whether the log drops what arrives twice, so that a retry never doubles a record. On until set, as long as acks is {@link Acks#ALL}, which it needs.
     * Without it the producer keeps one request of a partition in flight at a time, so the order holds all the same.
     */
    public ProducerBuilder<K, V> idempotence(boolean on) {
        idempotence = on;
        return this;
    }

    /** The most bytes of records in one batch of one partition; 512 KiB until set. A larger record is a batch by itself. Memory is taken as records come, not ahead. */
    public ProducerBuilder<K, V> batchBytes(int bytes) {
        batchBytes = bytes;
        return this;
    }

    /**
     * How long a batch that is not full waits for more; 0 until set. Batches form without it: while a request is on its way the next records gather, for at most 10 ms. A linger
     * of some milliseconds saves requests where many partitions get few records each.
     */
    public ProducerBuilder<K, V> linger(Duration duration) {
        linger = duration;
        return this;
    }

    /** The most bytes of one request; 2 MiB until set. {@code send} refuses a larger record with {@link RecordTooLargeException}. */
    public ProducerBuilder<K, V> maxRequestBytes(int bytes) {
        maxRequestBytes = bytes;
        return this;
    }

    /** The most requests whose answers are awaited at a time; 5 until set, which with idempotence is also the most. */
    public ProducerBuilder<K, V> maxInFlightRequests(int requests) {
        maxInFlightRequests = requests;
        return this;
    }

    /** The most memory for records that wait or are in flight; 32 MiB until set, at least {@code maxRequestBytes}. */
    public ProducerBuilder<K, V> bufferBytes(long bytes) {
        bufferBytes = bytes;
        return this;
    }

    /** How long {@code send} and {@code partitionsFor} may block, for room in the buffer or a topic's metadata; 60 s until set. */
    public ProducerBuilder<K, V> maxBlock(Duration duration) {
        maxBlock = duration;
        return this;
    }

    /** How long after {@code send} a record's future completes at the latest, retries included; 120 s until set. */
    public ProducerBuilder<K, V> deliveryTimeout(Duration duration) {
        deliveryTimeout = duration;
        return this;
    }

    /** The most bytes of records in one {@link TidemarkProducer#transaction}, which is one request; 8 MiB until set. The server takes 16 MiB, unless set otherwise. */
    public ProducerBuilder<K, V> maxTransactionBytes(int bytes) {
        maxTransactionBytes = bytes;
        return this;
    }

    /** How long one request may take before it is sent again; 30 s until set. */
    public ProducerBuilder<K, V> requestTimeout(Duration duration) {
        connection = connection.withRequestTimeout(duration);
        return this;
    }

    /** The wait before the first retry, doubled for each further one up to the second, with jitter; 100 ms and 1 s until set. */
    public ProducerBuilder<K, V> retryBackoff(Duration first, Duration max) {
        connection = connection.withRetryBackoff(first, max);
        return this;
    }

    /** Who chooses the partition of records that name none; {@link RecordPartitioner#byKey} until set. */
    public ProducerBuilder<K, V> partitioner(RecordPartitioner newPartitioner) {
        partitioner = newPartitioner;
        return this;
    }

    /**
     * Makes the producer and starts its sender thread; connects to nothing yet.
     *
     * @throws IllegalArgumentException naming the setting that is out of range
     */
    public TidemarkProducer<K, V> build() {
        boolean idempotent = idempotence == null ? acks == Acks.ALL : idempotence;
        return new TidemarkProducer<>(
                new ProducerConfig(
                        connection,
                        acks,
                        idempotent,
                        batchBytes,
                        linger,
                        maxRequestBytes,
                        maxInFlightRequests,
                        bufferBytes,
                        maxBlock,
                        deliveryTimeout,
                        maxTransactionBytes,
                        partitioner),
                keySerializer,
                valueSerializer);
    }
}
