package dev.tidemark.server.outbox;

import dev.tidemark.server.topic.Topic;

/** What the database knows of a record's topic when the record is read: tells whether a topic that is remembered is still that one. */
record StagedTopic(int id, String name, String keyType, String valueType, int partitionCount) {
    boolean isStill(Topic topic) {
        return topic.id() == id
                && topic.partitionCount() == partitionCount
                && topic.config().keyType().configName().equals(keyType)
                && topic.config().valueType().configName().equals(valueType);
    }
}
