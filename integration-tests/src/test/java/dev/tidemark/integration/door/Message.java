package dev.tidemark.integration.door;

import dev.tidemark.protocol.Header;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record to append.
 *
 * @param partition null: by key
 * @param timestampMs null: now
 */
public record Message(@Nullable Integer partition, @Nullable Long timestampMs, Content content) {
    /** Without a key, for partition 0. */
    public static Message of(@Nullable String value) {
        return new Message(0, null, Content.of(null, value));
    }

    public static Message of(@Nullable String key, @Nullable String value, Header... headers) {
        return new Message(null, null, Content.of(key, value, headers));
    }

    public static Message of(byte @Nullable [] key, byte @Nullable [] value, Header... headers) {
        return new Message(null, null, new Content(key, value, List.of(headers)));
    }

    public Message to(int newPartition) {
        return new Message(newPartition, timestampMs, content);
    }

    public Message at(long newTimestampMs) {
        return new Message(partition, newTimestampMs, content);
    }

    /** The values {@code first}, {@code first + 1}, … as text, for one partition. */
    public static List<Message> numbered(int partition, int first, int count) {
        return java.util.stream.IntStream.range(first, first + count)
                .mapToObj(n -> of(Integer.toString(n)).to(partition))
                .toList();
    }
}
