package dev.tidemark.server.topic;

import java.util.Map;

/**
 * A topic's configs, read once from their strings.
 *
 * @param maxMessageBytes bound on a record's key + value + headers
 * @param segmentBytes what a segment is made to hold, in bytes of records
 * @param segmentMs age at which an active segment is rolled
 * @param logAppendTime {@code message.timestamp.type=LogAppendTime}: records are stamped by the log, not the producer
 * @param timestampAfterMaxMs how far ahead of the server's clock a record's timestamp may be
 * @param timestampBeforeMaxMs how far behind the server's clock a record's timestamp may be
 * @param unsafeAcks whether {@code acks=0} is allowed
 * @param strings every config as callers see it, defaults included
 */
public record TopicConfig(
        DataType keyType,
        DataType valueType,
        int maxMessageBytes,
        long segmentBytes,
        long segmentMs,
        boolean logAppendTime,
        long timestampAfterMaxMs,
        long timestampBeforeMaxMs,
        boolean unsafeAcks,
        Map<String, String> strings) {
    public TopicConfig {
        strings = Map.copyOf(strings);
    }
}
