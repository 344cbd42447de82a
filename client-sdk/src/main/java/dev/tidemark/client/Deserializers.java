package dev.tidemark.client;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The deserializers that come with the SDK. All are thread-safe. */
public final class Deserializers {
    private Deserializers() {}

    /** Bytes as they are. */
    public static Deserializer<byte[]> bytes() {
        return (topic, bytes) -> bytes;
    }

    /** Text from UTF-8; bytes that are not UTF-8 become U+FFFD. */
    public static Deserializer<String> text() {
        return TextDeserializer.INSTANCE;
    }

    /** JSON read as that type. */
    public static <T> Deserializer<T> json(Class<T> type) {
        return json(Json.forUsers(), type);
    }

    /** JSON read as that generic type: {@code json(new TypeReference<List<String>>() {})}. */
    public static <T> Deserializer<T> json(TypeReference<T> type) {
        ObjectMapper mapper = Json.forUsers();
        return new JsonDeserializer<>(mapper.readerFor(type));
    }

    /** JSON read by that mapper as that type. */
    public static <T> Deserializer<T> json(ObjectMapper mapper, Class<T> type) {
        JavaType javaType = mapper.constructType(type);
        return new JsonDeserializer<>(mapper.readerFor(javaType));
    }

    private enum TextDeserializer implements Deserializer<String> {
        INSTANCE;

        @Override
        public String deserialize(String topic, byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public String deserialize(String topic, byte[] bytes, int at, int length) {
            return new String(bytes, at, length, StandardCharsets.UTF_8);
        }
    }

    private record JsonDeserializer<T>(ObjectReader reader) implements Deserializer<T> {
        @Override
        public T deserialize(String topic, byte[] bytes) {
            return deserialize(topic, bytes, 0, bytes.length);
        }

        @Override
        public T deserialize(String topic, byte[] bytes, int at, int length) {
            try {
                return reader.readValue(bytes, at, length);
            } catch (IOException e) {
                throw new IllegalArgumentException("not the JSON expected: " + e.getMessage(), e);
            }
        }
    }
}
