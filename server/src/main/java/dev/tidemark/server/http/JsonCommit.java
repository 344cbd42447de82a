package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.OffsetToCommit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The offsets that a transaction commits for a consumer group, as a request has them. */
record JsonCommit(String group, CommitOffsetsRequest request) {
    private static final String WHERE = "\"commit\"";

    /**
     * Reads the object the parser stands at, to its end; null for null.
     *
     * @throws ApiException INVALID_REQUEST when it is not of the form
     */
    static @Nullable JsonCommit read(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        requireObject(parser, WHERE);
        String group = null;
        String member = null;
        Integer generation = null;
        Long number = null;
        List<OffsetToCommit> offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "group" -> group = text(parser, name);
                case "member_id" -> member = text(parser, name);
                case "generation_id" -> generation = integer(parser, name);
                case "commit_number" -> number = number(parser, name, Long.MAX_VALUE);
                case "offsets" -> offsets = offsets(parser);
                default -> throw unknown(name, WHERE, "group, member_id, generation_id, commit_number, offsets");
            }
        }
        if (group == null || offsets == null || offsets.isEmpty()) {
            throw invalid(WHERE + " needs a \"group\" and \"offsets\", at least one");
        }
        return new JsonCommit(group, new CommitOffsetsRequest(member, generation, number, offsets));
    }

    private static List<OffsetToCommit> offsets(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw invalid("\"offsets\" must be an array, not " + JsonRecordFields.shown(parser));
        }
        List<OffsetToCommit> offsets = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (offsets.size() == CommitOffsetsRequest.MAX_OFFSETS) {
                throw invalid(WHERE + " has more than " + CommitOffsetsRequest.MAX_OFFSETS
                        + " offsets, each of which takes a lock in PostgreSQL");
            }
            offsets.add(offset(parser, "offset " + offsets.size() + " of " + WHERE));
        }
        return offsets;
    }

    private static OffsetToCommit offset(JsonParser parser, String where) throws IOException {
        requireObject(parser, where);
        String topic = null;
        Integer partition = null;
        Long committed = null;
        Integer leaderEpoch = null;
        String metadata = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "topic" -> topic = text(parser, name);
                case "partition" -> partition = integer(parser, name);
                case "committed_offset" -> committed = number(parser, name, Long.MAX_VALUE);
                case "leader_epoch" -> leaderEpoch = integer(parser, name);
                case "metadata" -> metadata = text(parser, name);
                default -> throw unknown(name, where, "topic, partition, committed_offset, leader_epoch, metadata");
            }
        }
        if (topic == null || partition == null || committed == null) {
            throw invalid(where + " needs \"topic\", \"partition\" and \"committed_offset\"");
        }
        return new OffsetToCommit(topic, partition, committed, leaderEpoch, metadata);
    }

    private static void requireObject(JsonParser parser, String where) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid(where + " must be an object, not " + JsonRecordFields.shown(parser));
        }
    }

    private static @Nullable String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw invalid("\"" + name + "\" must be a string, not " + JsonRecordFields.shown(parser));
        }
        String text = parser.getText();
        if (text.indexOf(0) >= 0 || JsonRecordFields.utf8(text) == null) {
            throw invalid("\"" + name + "\" has NUL or half of a surrogate pair, which is no text");
        }
        return text;
    }

    private static @Nullable Integer integer(JsonParser parser, String name) throws IOException {
        Long value = number(parser, name, Integer.MAX_VALUE);
        return value == null ? null : value.intValue();
    }

    private static @Nullable Long number(JsonParser parser, String name, long max) throws IOException {
        return JsonProduceEnvelope.integerOrNull(parser, name, max);
    }

    private static ApiException unknown(String name, String where, String known) {
        return invalid(
                where + " has an unknown field \"" + JsonRecordFields.shortened(name) + "\"; known are " + known);
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
