package dev.tidemark.client;

import java.util.Arrays;

/**
 * Turns the bytes of keys or values back into objects. See {@link Deserializers} for bytes, text and JSON.
 *
 * <p>Called on the thread that polls. Null keys and values never reach it: they stay null.
 */
@FunctionalInterface
public interface Deserializer<T> {
    /**
     * The object the bytes stand for.
     *
     * @param bytes the caller's to keep
     * @throws RuntimeException when the bytes are not what is expected; {@code poll} fails with {@link SerializationException}
     */
    T deserialize(String topic, byte[] bytes);

    /** The same for a part of a larger array, which must not be written to or kept. Override it to save a copy. */
    default T deserialize(String topic, byte[] bytes, int at, int length) {
        return deserialize(topic, Arrays.copyOfRange(bytes, at, at + length));
    }
}
