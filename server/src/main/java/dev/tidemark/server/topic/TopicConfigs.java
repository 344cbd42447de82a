package dev.tidemark.server.topic;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The topic configs there are: Kafka's names, units and defaults where Kafka has them. */
final class TopicConfigs {
    static final String KEY_TYPE = "key.type";
    static final String VALUE_TYPE = "value.type";

    private static final String MAX_MESSAGE_BYTES = "max.message.bytes";
    private static final String SEGMENT_BYTES = "segment.bytes";
    private static final String SEGMENT_MS = "segment.ms";
    private static final String TIMESTAMP_TYPE = "message.timestamp.type";
    private static final String TIMESTAMP_AFTER_MAX_MS = "message.timestamp.after.max.ms";
    private static final String TIMESTAMP_BEFORE_MAX_MS = "message.timestamp.before.max.ms";
    private static final String UNSAFE_ACKS = "unsafe.acks";

    private static final Map<String, Definition> DEFINITIONS = define(
            number(MAX_MESSAGE_BYTES, 1_048_588, 0, 128 << 20),
            number(SEGMENT_BYTES, 1 << 30, 1024, 1L << 40),
            number(SEGMENT_MS, 604_800_000, 1, Long.MAX_VALUE),
            number("retention.ms", 604_800_000, -1, Long.MAX_VALUE),
            number("retention.bytes", -1, -1, Long.MAX_VALUE),
            choice("cleanup.policy", "delete", "compact", "compact,delete", "delete,compact"),
            number("min.compaction.lag.ms", 0, 0, Long.MAX_VALUE),
            number("delete.retention.ms", 86_400_000, 0, Long.MAX_VALUE),
            choice(TIMESTAMP_TYPE, "CreateTime", "LogAppendTime"),
            number(TIMESTAMP_AFTER_MAX_MS, 3_600_000, 0, Long.MAX_VALUE),
            number(TIMESTAMP_BEFORE_MAX_MS, Long.MAX_VALUE, 0, Long.MAX_VALUE),
            choice(KEY_TYPE, "bytes", "text"),
            choice(VALUE_TYPE, "bytes", "text", "json"),
            choice(UNSAFE_ACKS, "false", "true"));

    /** Kafka's configs that mean nothing here: accepted, kept and shown as unused, so that scripts written for Kafka work. */
    private static final Set<String> UNUSED = Set.of(
            "compression.type",
            "compression.gzip.level",
            "compression.lz4.level",
            "compression.zstd.level",
            "file.delete.delay.ms",
            "flush.messages",
            "flush.ms",
            "follower.replication.throttled.replicas",
            "index.interval.bytes",
            "leader.replication.throttled.replicas",
            "local.retention.bytes",
            "local.retention.ms",
            "max.compaction.lag.ms",
            "message.downconversion.enable",
            "message.format.version",
            "min.cleanable.dirty.ratio",
            "min.insync.replicas",
            "preallocate",
            "remote.storage.enable",
            "segment.index.bytes",
            "segment.jitter.ms",
            "unclean.leader.election.enable");

    private TopicConfigs() {}

    /**
     * The config a topic has after some were set.
     *
     * @param set by name; what is not there has its default
     * @throws ApiException INVALID_CONFIG naming the config, its value and what is legal
     */
    static TopicConfig read(Map<String, String> set) {
        set.forEach(TopicConfigs::requireLegal);
        Map<String, String> strings = new TreeMap<>(set);
        DEFINITIONS.values().forEach(d -> strings.putIfAbsent(d.name(), d.defaultValue()));
        return new TopicConfig(
                DataType.of(value(strings, KEY_TYPE)),
                DataType.of(value(strings, VALUE_TYPE)),
                (int) number(strings, MAX_MESSAGE_BYTES),
                number(strings, SEGMENT_BYTES),
                number(strings, SEGMENT_MS),
                value(strings, TIMESTAMP_TYPE).equals("LogAppendTime"),
                number(strings, TIMESTAMP_AFTER_MAX_MS),
                number(strings, TIMESTAMP_BEFORE_MAX_MS),
                value(strings, UNSAFE_ACKS).equals("true"),
                strings);
    }

    /** Those of the configs that have no effect here. */
    static List<String> unused(Map<String, String> configs) {
        return configs.keySet().stream().filter(UNUSED::contains).sorted().toList();
    }

    private static void requireLegal(String name, @Nullable String value) {
        if (value == null) {
            throw invalid("config " + name + " has no value");
        }
        requireKnown(name);
        Definition definition = DEFINITIONS.get(name);
        if (definition != null) {
            definition.requireLegal(value);
        }
    }

    static void requireKnown(String name) {
        if (!DEFINITIONS.containsKey(name) && !UNUSED.contains(name)) {
            throw invalid(
                    "there is no topic config \"" + name + "\"; there are " + String.join(", ", DEFINITIONS.keySet()));
        }
    }

    private static String value(Map<String, String> strings, String name) {
        String value = strings.get(name);
        if (value == null) {
            throw new IllegalStateException("config " + name + " has no default");
        }
        return value;
    }

    private static long number(Map<String, String> strings, String name) {
        return Long.parseLong(value(strings, name));
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_CONFIG, detail);
    }

    private static Map<String, Definition> define(Definition... definitions) {
        Map<String, Definition> byName = new LinkedHashMap<>();
        Stream.of(definitions).forEach(d -> byName.put(d.name(), d));
        return byName;
    }

    private static Definition number(String name, long defaultValue, long min, long max) {
        return new NumberDefinition(name, defaultValue, min, max);
    }

    private static Definition choice(String name, String defaultValue, String... others) {
        return new ChoiceDefinition(
                name,
                defaultValue,
                Stream.concat(Stream.of(defaultValue), Stream.of(others)).toList());
    }

    private sealed interface Definition {
        String name();

        String defaultValue();

        void requireLegal(String value);
    }

    private record NumberDefinition(String name, long number, long min, long max) implements Definition {
        @Override
        public String defaultValue() {
            return Long.toString(number);
        }

        @Override
        public void requireLegal(String value) {
            long parsed;
            try {
                parsed = Long.parseLong(value);
            } catch (NumberFormatException e) {
                throw invalid("config " + name + " is a whole number, not \"" + value + "\"");
            }
            if (parsed < min || parsed > max) {
                throw invalid("config " + name + " is from " + min + " to " + max + ", not " + value);
            }
        }
    }

    private record ChoiceDefinition(String name, String defaultValue, List<String> choices) implements Definition {
        @Override
        public void requireLegal(String value) {
            if (!choices.contains(value)) {
                throw invalid(
                        "config " + name + " is one of " + String.join(", ", choices) + ", not \"" + value + "\"");
            }
        }
    }
}
