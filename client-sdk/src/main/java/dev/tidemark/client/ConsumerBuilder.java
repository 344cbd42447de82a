package dev.tidemark.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link TidemarkConsumer}. Not thread-safe. Values out of range are refused by {@link #build}. */
public final class ConsumerBuilder<K, V> {
    private final Deserializer<K> keyDeserializer;
    private final Deserializer<V> valueDeserializer;
    private ConnectionConfig connection = ConnectionConfig.DEFAULT;
    private AutoOffsetReset autoOffsetReset = AutoOffsetReset.LATEST;
    private int maxPollRecords = 500;
    private int fetchMaxBytes = 2 << 20;
    private int prefetchBytes = 4 << 20;
    private Duration fetchMaxWait = Duration.ofMillis(500);

    ConsumerBuilder(Deserializer<K> keyDeserializer, Deserializer<V> valueDeserializer) {
        this.keyDeserializer = keyDeserializer;
        this.valueDeserializer = valueDeserializer;
    }

    private <K2, V2> ConsumerBuilder<K2, V2> with(Deserializer<K2> newKeys, Deserializer<V2> newValues) {
        ConsumerBuilder<K2, V2> copy =
                new ConsumerBuilder<>(Objects.requireNonNull(newKeys), Objects.requireNonNull(newValues));
        copy.connection = connection;
        copy.autoOffsetReset = autoOffsetReset;
        copy.maxPollRecords = maxPollRecords;
        copy.fetchMaxBytes = fetchMaxBytes;
        copy.prefetchBytes = prefetchBytes;
        copy.fetchMaxWait = fetchMaxWait;
        return copy;
    }

    /** How bytes become keys; {@link Deserializers#bytes} until set. Go on with the builder returned: it has the new type. */
    public <K2> ConsumerBuilder<K2, V> keyDeserializer(Deserializer<K2> deserializer) {
        return with(deserializer, valueDeserializer);
    }

    /** How bytes become values; {@link Deserializers#bytes} until set. Go on with the builder returned: it has the new type. */
    public <V2> ConsumerBuilder<K, V2> valueDeserializer(Deserializer<V2> deserializer) {
        return with(keyDeserializer, deserializer);
    }

    /**
     * Addresses as {@code http://host:port} or {@code https://host:port}, several separated by commas or as several arguments; {@code http://localhost:8080} until set. Any server may serve any request. The client stays with
     * one of them, drawn by lot; goes to another when that refuses, breaks off, says that it cannot serve, or has answered nothing for about 4 s; and comes back some seconds after it is ready again.
     */
    public ConsumerBuilder<K, V> servers(String... addresses) {
        connection = connection.withServers(addresses);
        return this;
    }

    /** The bearer token to send; none until set. Over {@code http} it can be read on the way: use {@code https} beyond your own machine. */
    public ConsumerBuilder<K, V> token(@Nullable String token) {
        connection = connection.with(connection.security().withToken(token));
        return this;
    }

    /**
     * Where the bearer token comes from that each request sends, for tokens that change while the client runs. Asked by threads of the client's before each request, so it should answer from memory; null: none is
     * sent. What it throws fails the request with {@link AuthenticationException}.
     */
    public ConsumerBuilder<K, V> tokenSupplier(Supplier<@Nullable String> supplier) {
        connection = connection.with(connection.security().withToken(Objects.requireNonNull(supplier)));
        return this;
    }

    /** Trust, for {@code https} addresses, servers whose certificates lead to one in this PEM file, and no others; until set, those the JDK trusts. @throws IllegalArgumentException when the file cannot be used */
    public ConsumerBuilder<K, V> caCertificates(Path file) {
        return caCertificates(file, null);
    }

    /** The same with a PKCS12 or JKS truststore, and its password. @throws IllegalArgumentException when the file cannot be used */
    public ConsumerBuilder<K, V> caCertificates(Path file, @Nullable String password) {
        return sslContext(CaCertificates.tls(file, password));
    }

    /** Everything about TLS in your own hands, client certificates too; for {@code https} addresses. */
    public ConsumerBuilder<K, V> sslContext(SSLContext context) {
        connection = connection.with(connection.security().withTls(Objects.requireNonNull(context)));
        return this;
    }

    /** Where to start without a position, and go on when it is below the log start; {@link AutoOffsetReset#LATEST} until set. */
    public ConsumerBuilder<K, V> autoOffsetReset(AutoOffsetReset reset) {
        autoOffsetReset = reset;
        return this;
    }

    /** The most records one poll returns; 500 until set. */
    public ConsumerBuilder<K, V> maxPollRecords(int records) {
        maxPollRecords = records;
        return this;
    }

    /** The most bytes of records one request asks for, over all partitions, at most 64 MiB; 2 MiB until set. A larger record is fetched all the same. */
    public ConsumerBuilder<K, V> fetchMaxBytes(int bytes) {
        fetchMaxBytes = bytes;
        return this;
    }

    /** No request is sent ahead while more bytes than this wait to be polled; 4 MiB until set. Memory is at most this and two {@code fetchMaxBytes}. */
    public ConsumerBuilder<K, V> prefetchBytes(int bytes) {
        prefetchBytes = bytes;
        return this;
    }

    /** How long a request may wait at the server for records to come, at most 30 s; 500 ms until set. Records that come meanwhile are answered at once. */
    public ConsumerBuilder<K, V> fetchMaxWait(Duration duration) {
        fetchMaxWait = duration;
        return this;
    }

    /** How long one request may take beside the time it waits for records; 30 s until set. */
    public ConsumerBuilder<K, V> requestTimeout(Duration duration) {
        connection = connection.withRequestTimeout(duration);
        return this;
    }

    /** The wait before the first retry, doubled for each further one up to the second, with jitter; 100 ms and 1 s until set. */
    public ConsumerBuilder<K, V> retryBackoff(Duration first, Duration max) {
        connection = connection.withRetryBackoff(first, max);
        return this;
    }

    /**
     * Makes the consumer; connects to nothing yet.
     *
     * @throws IllegalArgumentException naming the setting that is out of range
     */
    public TidemarkConsumer<K, V> build() {
        return new TidemarkConsumer<>(
                new ConsumerConfig(
                        connection, autoOffsetReset, maxPollRecords, fetchMaxBytes, prefetchBytes, fetchMaxWait),
                keyDeserializer,
                valueDeserializer);
    }
}
