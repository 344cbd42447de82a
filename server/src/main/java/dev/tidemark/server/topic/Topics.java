package dev.tidemark.server.topic;

import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicSummary;
import java.util.List;

/** The door to topics: their metadata for the hot path, and their administration. All methods may block on the database. */
public final class Topics {
    /** The topic of that name, at most a second old. @throws dev.tidemark.protocol.ApiException UNKNOWN_TOPIC_OR_PARTITION */
    public Topic find(String name) {
        throw new UnsupportedOperationException();
    }

    public List<TopicSummary> list() {
        throw new UnsupportedOperationException();
    }

    public TopicDescription describe(String name) {
        throw new UnsupportedOperationException();
    }

    public TopicDescription create(CreateTopicRequest request) {
        throw new UnsupportedOperationException();
    }

    public TopicDescription alter(String name, AlterTopicRequest request) {
        throw new UnsupportedOperationException();
    }

    public void delete(String name) {
        throw new UnsupportedOperationException();
    }
}
