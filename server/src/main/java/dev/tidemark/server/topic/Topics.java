package dev.tidemark.server.topic;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicSummary;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The door to topics: their metadata for the hot path, and their administration. Thread-safe; methods may block on the database, and throw
 * {@link ApiException}.
 */
public final class Topics {
    public static final int MAX_PARTITIONS = 10_000;

    /** How old metadata on the hot path may be. Deleted topics are refused by the database at once; configs may be followed this much later. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    private final TopicStore store;
    private final TopicRemoval removal;
    private final Map<String, Cached> cache = new ConcurrentHashMap<>();

    public Topics(Database database) {
        this.store = new TopicStore(database);
        this.removal = new TopicRemoval(database);
    }

    /**
     * The topic of that name, at most a second old.
     *
     * @throws ApiException UNKNOWN_TOPIC_OR_PARTITION
     */
    public Topic find(String name) {
        Cached cached = cache.get(name);
        if (cached != null && cached.isFresh()) {
            return cached.topic();
        }
        return reload(name);
    }

    /**
     * For a name that PostgreSQL is about to be asked for: there are texts that it cannot even compare.
     *
     * @throws ApiException UNKNOWN_TOPIC_OR_PARTITION for what no topic can be called
     */
    public static void requirePossible(String name) {
        if (!TopicNames.isPossible(name)) {
            throw unknown(name);
        }
    }

    /** The topic of that name as it is now; otherwise as {@link #find}. */
    public Topic findAnew(String name) {
        return reload(name);
    }

    public List<TopicSummary> list() {
        return store.list();
    }

    public TopicDescription describe(String name) {
        return store.describe(reload(name));
    }

    public TopicDescription create(CreateTopicRequest request) {
        TopicNames.requireLegal(request.name());
        int partitionCount = Objects.requireNonNullElse(request.partitionCount(), 1);
        requireLegalPartitionCount(partitionCount);
        Map<String, String> configs = Objects.requireNonNullElse(request.configs(), Map.of());
        TopicConfig config = TopicConfigs.read(configs);
        store.create(request.name(), partitionCount, configs, config);
        return describe(request.name());
    }

    public TopicDescription alter(String name, AlterTopicRequest request) {
        Topic topic = reload(name);
        Integer partitionCount = request.partitionCount();
        if (partitionCount != null) {
            requireLegalPartitionCount(partitionCount);
        }
        Map<String, @Nullable String> changes = Objects.requireNonNullElse(request.configs(), Map.of());
        store.alter(topic, partitionCount, set -> changed(set, changes));
        return describe(name);
    }

    public void delete(String name) {
        store.delete(reload(name));
        cache.remove(name);
    }

    /** Drops what deleted topics left behind, a leaf at a time; what is being read is left for the next call, which is one thread's at a time. */
    public void dropDeleted() {
        removal.round();
    }

    private Topic reload(String name) {
        requirePossible(name);
        Topic topic = store.find(name);
        if (topic == null) {
            cache.remove(name);
            throw unknown(name);
        }
        cache.put(name, new Cached(topic, System.nanoTime()));
        return topic;
    }

    private static Map<String, String> changed(Map<String, String> set, Map<String, @Nullable String> changes) {
        Map<String, String> after = new LinkedHashMap<>(set);
        changes.forEach((config, value) -> {
            if (value == null) {
                // A name that does not exist is a mistake also where it is to be unset.
                TopicConfigs.requireKnown(config);
                after.remove(config);
            } else {
                after.put(config, value);
            }
        });
        return after;
    }

    private static void requireLegalPartitionCount(int partitionCount) {
        if (partitionCount < 1 || partitionCount > MAX_PARTITIONS) {
            throw new ApiException(
                    ErrorCode.INVALID_PARTITIONS,
                    "a topic has from 1 to " + MAX_PARTITIONS + " partitions, not " + partitionCount);
        }
    }

    static ApiException unknown(String name) {
        return new ApiException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic \"" + shortened(name) + "\"");
    }

    private static String shortened(String name) {
        return name.length() <= TopicNames.MAX_LENGTH ? name : name.substring(0, TopicNames.MAX_LENGTH) + "…";
    }

    private record Cached(Topic topic, long loadedAtNanos) {
        boolean isFresh() {
            return System.nanoTime() - loadedAtNanos < MAX_AGE.toNanos();
        }
    }
}
