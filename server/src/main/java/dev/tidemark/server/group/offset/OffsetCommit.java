package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.group.GroupNames;
import dev.tidemark.server.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request to commit offsets, as far as it can be checked without the database: all of them are committed, or none.
 *
 * @param memberId null, as is the generation, for a commit without a member
 * @param commitNumber see {@link CommitOffsetsRequest}
 * @param principal who asks
 */
record OffsetCommit(
        String group,
        @Nullable String memberId,
        @Nullable Integer generationId,
        @Nullable Long commitNumber,
        List<OffsetToCommit> offsets,
        String principal) {
    static final int MAX_METADATA_BYTES = 4096;

    /** What an offset takes of memory and of a statement beside its texts, roughly. */
    private static final int OVERHEAD_BYTES = 200;

    /** @throws ApiException INVALID_GROUP_ID, INVALID_REQUEST, OFFSET_METADATA_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION for what no topic can be called */
    static OffsetCommit of(String group, CommitOffsetsRequest request, String principal) {
        GroupNames.requireLegalGroup(group);
        String memberId = request.memberId();
        if ((memberId == null) != (request.generationId() == null)) {
            throw invalid(
                    "\"member_id\" and \"generation_id\" are given both or, for a group without members, not at all");
        }
        if (memberId != null) {
            GroupNames.requireLegal("\"member_id\"", memberId);
        }
        Long commitNumber = request.commitNumber();
        requireLegalNumber(memberId, commitNumber);
        requireLegal(request.offsets());
        return new OffsetCommit(
                group, memberId, request.generationId(), commitNumber, List.copyOf(request.offsets()), principal);
    }

    private static void requireLegalNumber(@Nullable String memberId, @Nullable Long commitNumber) {
        if (commitNumber == null) {
            return;
        }
        if (memberId == null) {
            throw invalid("\"commit_number\" is a member's: it goes with \"member_id\" and \"generation_id\"");
        }
        if (commitNumber < 0) {
            throw invalid("\"commit_number\" is a whole number from 0, not " + commitNumber);
        }
    }

    private static void requireLegal(List<OffsetToCommit> offsets) {
        if (offsets.isEmpty() || offsets.size() > CommitOffsetsRequest.MAX_OFFSETS) {
            throw invalid("\"offsets\" must be from 1 to " + CommitOffsetsRequest.MAX_OFFSETS + " offsets, not "
                    + offsets.size() + ": each takes a lock in PostgreSQL; commit the others with further requests");
        }
        Set<PartitionName> partitions = new HashSet<>();
        for (OffsetToCommit offset : offsets) {
            Topics.requirePossible(offset.topic());
            if (offset.committedOffset() < 0) {
                throw invalid(
                        "an offset is a whole number from 0, not " + offset.committedOffset() + ": " + place(offset));
            }
            if (!partitions.add(new PartitionName(offset.topic(), offset.partition()))) {
                throw invalid("a partition is named twice: " + place(offset));
            }
            requireLegalMetadata(offset);
        }
    }

    private static void requireLegalMetadata(OffsetToCommit offset) {
        String metadata = offset.metadata();
        if (metadata == null) {
            return;
        }
        if (metadata.indexOf(0) >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(metadata)) {
            throw invalid("\"metadata\" is text without U+0000 and halves of characters: " + place(offset));
        }
        int bytes = metadata.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_METADATA_BYTES) {
            throw new ApiException(
                    ErrorCode.OFFSET_METADATA_TOO_LARGE,
                    "the metadata has " + bytes + " bytes, at most " + MAX_METADATA_BYTES + " are kept: "
                            + place(offset));
        }
    }

    private static String place(OffsetToCommit offset) {
        return "partition " + offset.partition() + " of topic \"" + offset.topic() + "\"";
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }

    /** How many entries of PostgreSQL's lock table it takes: one for each partition, and one for the member where its commits are numbered. */
    int locks() {
        return offsets.size() + (commitNumber == null ? 0 : 1);
    }

    /** What it takes of memory while it waits, roughly. */
    long bytes() {
        long bytes = 0;
        for (OffsetToCommit offset : offsets) {
            String metadata = offset.metadata();
            bytes += OVERHEAD_BYTES + 2L * offset.topic().length() + (metadata == null ? 0 : 2L * metadata.length());
        }
        return bytes;
    }
}
