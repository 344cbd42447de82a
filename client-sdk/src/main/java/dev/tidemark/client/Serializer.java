package dev.tidemark.client;

/**
 * Turns keys or values into bytes. See {@link Serializers} for bytes, text and JSON.
 *
 * <p>Called on the threads that send, so it must be thread-safe. Null keys and values never reach it: they stay null.
 */
@FunctionalInterface
public interface Serializer<T> {
    /**
     * The bytes of a key or value. The array is read before {@link TidemarkProducer#send} returns and never kept.
     *
     * @throws RuntimeException when the data has no bytes; {@code send} fails with {@link SerializationException}
     */
    byte[] serialize(String topic, T data);
}
