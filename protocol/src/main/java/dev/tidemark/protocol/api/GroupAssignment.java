package dev.tidemark.protocol.api;

import java.util.List;

/**
 * Answer to a join and to a heartbeat.
 *
 * @param assignments all that the member may read now; it lets go of what is not among them, and says so in its next heartbeat
 * @param pending what will be its own when others have let go of it
 * @param heartbeatIntervalMs when to send the next one; short while something is pending or to be let go of
 */
public record GroupAssignment(
        String memberId,
        int generationId,
        List<PartitionName> assignments,
        List<PartitionName> pending,
        int heartbeatIntervalMs) {}
