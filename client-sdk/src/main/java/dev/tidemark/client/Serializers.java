package dev.tidemark.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;

/** The serializers that come with the SDK. All are thread-safe. */
public final class Serializers {
    private Serializers() {}

    /** Bytes as they are. */
    public static Serializer<byte[]> bytes() {
        return (topic, data) -> data;
    }

    /** Text in UTF-8. */
    public static Serializer<String> text() {
        return (topic, data) -> data.getBytes(StandardCharsets.UTF_8);
    }

    /** Any object Jackson can write, as JSON. */
    public static <T> Serializer<T> json() {
        return json(Json.forUsers());
    }

    /** Any object the mapper can write, as JSON. */
    public static <T> Serializer<T> json(ObjectMapper mapper) {
        return (topic, data) -> {
            try {
                return mapper.writeValueAsBytes(data);
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException("not writable as JSON: " + e.getOriginalMessage(), e);
            }
        };
    }
}
