package dev.tidemark.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;

/**
 * An HTTP request to any of the servers.
 *
 * @param path with the query, from {@code /v1} on
 */
record Request(String method, String path, BodyPublisher body, String contentType, String accept) {
    static Request get(String path) {
        return new Request("GET", path, BodyPublishers.noBody(), "", MediaTypes.JSON);
    }

    static Request delete(String path) {
        return new Request("DELETE", path, BodyPublishers.noBody(), "", MediaTypes.JSON);
    }

    static Request post(String path) {
        return new Request("POST", path, BodyPublishers.noBody(), "", MediaTypes.JSON);
    }

    /** A request with a JSON body. */
    static Request json(String method, String path, Object body) {
        return new Request(method, path, BodyPublishers.ofByteArray(write(body)), MediaTypes.JSON, MediaTypes.JSON);
    }

    Request accepting(String mediaType) {
        return new Request(method, path, body, contentType, mediaType);
    }

    /**
     * The path of a topic.
     *
     * @throws TidemarkException when the name cannot stand in a path; any other illegal name is the server's to refuse
     */
    static String topicPath(String topic) {
        if (topic.isEmpty() || topic.equals(".") || topic.equals("..")) {
            throw Failures.of(ErrorCode.INVALID_TOPIC_EXCEPTION, "'" + topic + "' is not a legal topic name");
        }
        return "/v1/topics/" + encode(topic);
    }

    static String partitionPath(TopicPartition partition) {
        return topicPath(partition.topic()) + "/partitions/" + partition.partition();
    }

    /**
     * The path of a group.
     *
     * @throws TidemarkException when the name cannot stand in a path; any other illegal name is the server's to refuse
     */
    static String groupPath(String group) {
        if (group.isEmpty() || group.equals(".") || group.equals("..")) {
            throw Failures.of(ErrorCode.INVALID_GROUP_ID, "'" + group + "' is not a legal group name");
        }
        return "/v1/groups/" + encode(group);
    }

    /** Text that is one segment of a path, or the value of a query's parameter. */
    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    static byte[] write(Object body) {
        try {
            return Json.forMessages().writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a message of ours is not writable", e);
        }
    }
}
