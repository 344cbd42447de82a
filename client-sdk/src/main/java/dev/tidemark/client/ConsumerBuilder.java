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
    private @Nullable String groupId;
    private @Nullable String groupInstanceId;
    private @Nullable String clientId;
    private Duration sessionTimeout = Duration.ofSeconds(45);
    private @Nullable Duration heartbeatInterval;
    private Duration maxPollInterval = Duration.ofMinutes(5);
    private PartitionAssignor partitionAssignor = PartitionAssignor.STICKY;
    private @Nullable Boolean enableAutoCommit;
    private Duration autoCommitInterval = Duration.ofSeconds(5);
    private String sqlSchema = "tidemark";

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
        copy.groupId = groupId;
        copy.groupInstanceId = groupInstanceId;
        copy.clientId = clientId;
        copy.sessionTimeout = sessionTimeout;
        copy.heartbeatInterval = heartbeatInterval;
        copy.maxPollInterval = maxPollInterval;
        copy.partitionAssignor = partitionAssignor;
        copy.enableAutoCommit = enableAutoCommit;
        copy.autoCommitInterval = autoCommitInterval;
        copy.sqlSchema = sqlSchema;
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

    /** The consumer group to be a member of, and to commit offsets for, 1 to 249 bytes; none until set. {@link TidemarkConsumer#subscribe(java.util.Collection)} and commits need one. */
    public ConsumerBuilder<K, V> groupId(@Nullable String id) {
        groupId = id;
        return this;
    }

    /**
     * Makes a static member, 1 to 249 bytes; none until set. Closing it leaves its partitions to it: when a consumer with the same id comes within the session timeout, it takes its place and nothing moves. Of two that run at a
     * time the older one gets {@link FencedInstanceIdException}.
     */
    public ConsumerBuilder<K, V> groupInstanceId(@Nullable String id) {
        groupInstanceId = id;
        return this;
    }

    /** What the consumer is called where the members of its group are listed, 1 to 249 bytes; nothing until set. */
    public ConsumerBuilder<K, V> clientId(@Nullable String id) {
        clientId = id;
        return this;
    }

    /** How long no server may have heard of the consumer before its group expels it, 3 s to 30 min; 45 s until set. A thread of the consumer's own sends the heartbeats, whether or not the application polls. */
    public ConsumerBuilder<K, V> sessionTimeout(Duration duration) {
        sessionTimeout = duration;
        return this;
    }

    /** How often a heartbeat is sent while nothing moves, 100 ms to a third of the session timeout; until set 3 s, or that third where it is less. */
    public ConsumerBuilder<K, V> heartbeatInterval(Duration duration) {
        heartbeatInterval = duration;
        return this;
    }

    /**
     * How long the application may take from one poll to the next, up to 1 day; 5 min until set. A consumer that is late leaves its group, so that others read its partitions, and says so:
     * {@link MaxPollIntervalExceededException}. It is also how long the group waits for a partition to be handed over, though never less than the session timeout.
     */
    public ConsumerBuilder<K, V> maxPollInterval(Duration duration) {
        maxPollInterval = duration;
        return this;
    }

    /** How the group's partitions are shared out; {@link PartitionAssignor#STICKY} until set. */
    public ConsumerBuilder<K, V> partitionAssignor(PartitionAssignor assignor) {
        partitionAssignor = Objects.requireNonNull(assignor);
        return this;
    }

    /** Whether polls commit the positions of what earlier polls returned; true until set, where there is a group. What was returned last is committed by the next poll, or by close: work on it is to be done by then. */
    public ConsumerBuilder<K, V> enableAutoCommit(boolean enable) {
        enableAutoCommit = enable;
        return this;
    }

    /** How far apart automatic commits are at least, more than 0; 5 s until set. */
    public ConsumerBuilder<K, V> autoCommitInterval(Duration duration) {
        autoCommitInterval = duration;
        return this;
    }

    /** The SQL schema of the servers, for {@link TidemarkConsumer#commit(java.sql.Connection)}; {@code tidemark} until set. */
    public ConsumerBuilder<K, V> sqlSchema(String schema) {
        sqlSchema = Objects.requireNonNull(schema);
        return this;
    }

    /**
     * Makes the consumer; connects to nothing yet.
     *
     * @throws IllegalArgumentException naming the setting that is out of range
     */
    public TidemarkConsumer<K, V> build() {
        ConsumerConfig config = new ConsumerConfig(
                connection, autoOffsetReset, maxPollRecords, fetchMaxBytes, prefetchBytes, fetchMaxWait, group());
        return new TidemarkConsumer<>(config, keyDeserializer, valueDeserializer);
    }

    private @Nullable GroupConfig group() {
        if (groupId == null) {
            if (groupInstanceId != null || Boolean.TRUE.equals(enableAutoCommit)) {
                throw new IllegalArgumentException(
                        (groupInstanceId != null ? "groupInstanceId" : "enableAutoCommit") + " needs a groupId");
            }
            return null;
        }
        return new GroupConfig(
                groupId,
                groupInstanceId,
                clientId,
                sessionTimeout,
                heartbeatInterval == null ? defaultHeartbeatInterval() : heartbeatInterval,
                maxPollInterval,
                partitionAssignor,
                Boolean.FALSE.equals(enableAutoCommit) ? null : autoCommitInterval,
                sqlSchema);
    }

    private Duration defaultHeartbeatInterval() {
        Duration third = sessionTimeout.dividedBy(3);
        Duration usual = Duration.ofSeconds(3);
        return third.compareTo(usual) < 0 ? third : usual;
    }
}
