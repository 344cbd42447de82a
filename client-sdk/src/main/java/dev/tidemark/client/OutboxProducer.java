package dev.tidemark.client;

import dev.tidemark.protocol.HeaderCodec;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Produces inside your own database transactions, in the database the log lives in: a record is in the log if and only if the transaction commits, some
 * milliseconds later. Needs no server's address, only your JDBC connection, whose role is a member of {@code tidemark_writer}.
 *
 * <pre>{@code
 * OutboxProducer<String, String> outbox = OutboxProducer.builder()
 *         .keySerializer(Serializers.text())
 *         .valueSerializer(Serializers.text())
 *         .build();
 *
 * connection.setAutoCommit(false);
 * insertOrder(connection, order);
 * outbox.send(connection, new ProducerRecord<>("orders", order.id(), order.toJson()));
 * connection.commit();
 * }</pre>
 *
 * <p>Records of one key from transactions that followed each other are in the log in that order. What the topic would not take is refused here, with an
 * SQLException whose SQLSTATE is {@code TM} and the error's code; as after any failed statement, PostgreSQL then takes nothing more in the transaction but a rollback, to a savepoint at
 * least.
 *
 * <p>Thread-safe, and holds nothing: neither connections nor records. Each connection is used as JDBC wants it, by one thread at a time.
 */
public final class OutboxProducer<K, V> {
    private final String one;
    private final String several;
    private final Serializer<K> keySerializer;
    private final Serializer<V> valueSerializer;

    private OutboxProducer(String schema, Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        String produce = "\"" + schema.replace("\"", "\"\"") + "\".produce";
        this.one = "select " + produce + "(?, ?::bytea, ?::bytea, ?::json, ?::int, ?::timestamptz)";
        this.several = "select " + produce
                + "(r.topic, r.key, r.value, r.headers::json, r.partition, r.ts::timestamptz)"
                + " from (select * from unnest(?::text[], ?::bytea[], ?::bytea[], ?::text[], ?::int[], ?::text[])"
                + " with ordinality u(topic, key, value, headers, partition, ts, n) order by n) r";
        this.keySerializer = keySerializer;
        this.valueSerializer = valueSerializer;
    }

    /** Settings of one for bytes; set serializers for other types. */
    public static Builder<byte[], byte[]> builder() {
        return new Builder<>("tidemark", Serializers.bytes(), Serializers.bytes());
    }

    /**
     * Produces a record in the connection's transaction, which it neither begins nor ends. A record without a partition goes where its key says, or anywhere.
     *
     * @return the staged record's id; ids grow from call to call, and have nothing to do with offsets
     * @throws SQLException PostgreSQL's; SQLSTATE TM003 no such topic or partition, TM010 too large, TM032 timestamp, TM087 not of the topic's types, TM089 the log is full
     * @throws SerializationException when the key or value has no bytes
     * @throws IllegalStateException when the connection is in autocommit mode: the record would be in the log whatever becomes of the rest
     */
    public long send(Connection connection, ProducerRecord<K, V> record) throws SQLException {
        requireTransaction(connection);
        Encoded encoded = encode(record);
        try (PreparedStatement statement = connection.prepareStatement(one)) {
            statement.setString(1, record.topic());
            setBytes(statement, 2, encoded.key());
            setBytes(statement, 3, encoded.value());
            statement.setString(4, encoded.headers());
            statement.setObject(5, record.partition(), Types.INTEGER);
            statement.setString(6, encoded.timestamp());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /**
     * The same of several records in one statement, in their order; when one is refused, so are all. They are in memory twice meanwhile.
     *
     * @return their ids, in their order
     */
    public List<Long> sendAll(Connection connection, List<ProducerRecord<K, V>> records) throws SQLException {
        requireTransaction(connection);
        List<Encoded> encoded = new ArrayList<>(records.size());
        records.forEach(record -> encoded.add(encode(record)));
        List<Long> ids = new ArrayList<>(records.size());
        try (PreparedStatement statement = connection.prepareStatement(several)) {
            setArray(statement, 1, "text", encoded, Encoded::topic, String[]::new);
            setArray(statement, 2, "bytea", encoded, Encoded::key, byte[][]::new);
            setArray(statement, 3, "bytea", encoded, Encoded::value, byte[][]::new);
            setArray(statement, 4, "text", encoded, Encoded::headers, String[]::new);
            setArray(statement, 5, "int4", encoded, Encoded::partition, Integer[]::new);
            setArray(statement, 6, "text", encoded, Encoded::timestamp, String[]::new);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getLong(1));
                }
            }
        }
        return ids;
    }

    private static void requireTransaction(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException(
                    "the connection is in autocommit mode: setAutoCommit(false), so that the record belongs to your transaction");
        }
    }

    /** A record as SQL takes it. */
    private record Encoded(
            String topic,
            byte @Nullable [] key,
            byte @Nullable [] value,
            @Nullable String headers,
            @Nullable Integer partition,
            @Nullable String timestamp) {}

    private Encoded encode(ProducerRecord<K, V> record) {
        Long timestamp = record.timestamp();
        return new Encoded(
                record.topic(),
                serialize(keySerializer, record.topic(), record.key(), "key"),
                serialize(valueSerializer, record.topic(), record.value(), "value"),
                headers(record),
                record.partition(),
                timestamp == null
                        ? null
                        : Instant.ofEpochMilli(timestamp)
                                .atOffset(ZoneOffset.UTC)
                                .toString());
    }

    private static <T> byte @Nullable [] serialize(
            Serializer<T> serializer, String topic, @Nullable T data, String what) {
        if (data == null) {
            return null;
        }
        try {
            return serializer.serialize(topic, data);
        } catch (RuntimeException e) {
            throw new SerializationException("the " + what + " for topic " + topic + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable String headers(ProducerRecord<?, ?> record) {
        if (record.headers().isEmpty()) {
            return null;
        }
        try {
            return new String(HeaderCodec.encode(record.headers()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new SerializationException(String.valueOf(e.getMessage()), e);
        }
    }

    private static void setBytes(PreparedStatement statement, int index, byte @Nullable [] bytes) throws SQLException {
        if (bytes == null) {
            statement.setNull(index, Types.BINARY);
        } else {
            statement.setBytes(index, bytes);
        }
    }

    private static <T extends @Nullable Object> void setArray(
            PreparedStatement statement,
            int index,
            String type,
            List<Encoded> records,
            Function<Encoded, T> part,
            java.util.function.IntFunction<T[]> array)
            throws SQLException {
        T[] elements = records.stream().map(part).toArray(array);
        statement.setArray(index, statement.getConnection().createArrayOf(type, elements));
    }

    /** Settings of an {@link OutboxProducer}. Not thread-safe. */
    public static final class Builder<K, V> {
        private final String schema;
        private final Serializer<K> keySerializer;
        private final Serializer<V> valueSerializer;

        private Builder(String schema, Serializer<K> keySerializer, Serializer<V> valueSerializer) {
            this.schema = Objects.requireNonNull(schema, "schema");
            this.keySerializer = Objects.requireNonNull(keySerializer, "keySerializer");
            this.valueSerializer = Objects.requireNonNull(valueSerializer, "valueSerializer");
        }

        /** The SQL schema of Tidemark's functions ({@code TIDEMARK_SCHEMA} of the servers); {@code tidemark} until set. Go on with the builder returned. */
        public Builder<K, V> schema(String name) {
            return new Builder<>(name, keySerializer, valueSerializer);
        }

        /** How keys become bytes; {@link Serializers#bytes} until set. Go on with the builder returned: it has the new type. */
        public <K2> Builder<K2, V> keySerializer(Serializer<K2> serializer) {
            return new Builder<>(schema, serializer, valueSerializer);
        }

        /** How values become bytes; {@link Serializers#bytes} until set. Go on with the builder returned: it has the new type. */
        public <V2> Builder<K, V2> valueSerializer(Serializer<V2> serializer) {
            return new Builder<>(schema, keySerializer, serializer);
        }

        public OutboxProducer<K, V> build() {
            return new OutboxProducer<>(schema, keySerializer, valueSerializer);
        }
    }
}
