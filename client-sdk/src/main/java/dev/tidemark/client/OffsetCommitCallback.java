package dev.tidemark.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Told what became of a {@link TidemarkConsumer#commitAsync}. Runs on the consumer's own thread, in a later poll, commit or close; what it throws comes out of that call. */
@FunctionalInterface
public interface OffsetCommitCallback {
    /** @param exception null when the offsets are committed */
    void onComplete(Map<TopicPartition, OffsetAndMetadata> offsets, @Nullable TidemarkException exception);
}
