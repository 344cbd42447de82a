package dev.tidemark.server.group;

import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.HeartbeatRequest;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.Principal;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** A member as clients are to behave: it reads what it was told last, and says so, at one door after the other. */
final class TestMember {
    private final Supplier<Groups> doors;
    private final String group;
    private final JoinGroupRequest join;
    private Set<PartitionName> reads = Set.of();
    private int generation;

    TestMember(Supplier<Groups> doors, String group, JoinGroupRequest join) {
        this.doors = doors;
        this.group = group;
        this.join = join;
    }

    static JoinGroupRequest asking(String memberId, String... topics) {
        return new JoinGroupRequest(memberId, List.of(topics), null, null, null, null, null, null, null);
    }

    static JoinGroupRequest asStatic(String memberId, String instanceId, String topic) {
        return new JoinGroupRequest(memberId, List.of(topic), null, instanceId, null, null, null, null, null);
    }

    static JoinGroupRequest byPattern(String memberId, String pattern) {
        return new JoinGroupRequest(memberId, null, pattern, null, null, null, null, null, null);
    }

    String id() {
        return String.valueOf(join.memberId());
    }

    TestMember join() {
        take(doors.get().join(group, join, Principal.ANONYMOUS));
        return this;
    }

    GroupAssignment beat() {
        return take(beat(generation, reads));
    }

    /** Says something else than the truth; what it is told is not taken. */
    GroupAssignment beat(int saidGeneration, Set<PartitionName> said) {
        HeartbeatRequest heartbeat = new HeartbeatRequest(saidGeneration, List.copyOf(said), join.groupInstanceId());
        return doors.get().heartbeat(group, id(), heartbeat, Principal.ANONYMOUS);
    }

    private GroupAssignment take(GroupAssignment told) {
        if (told.generationId() >= generation) {
            generation = told.generationId();
            reads = Set.copyOf(told.assignments());
        }
        return told;
    }

    void leave() {
        reads = Set.of();
        doors.get().leave(group, id(), Principal.ANONYMOUS);
    }

    Set<PartitionName> reads() {
        return reads;
    }

    /** Partition numbers only. */
    Set<Integer> numbers() {
        Set<Integer> numbers = new TreeSet<>();
        reads.forEach(partition -> numbers.add(partition.partition()));
        return numbers;
    }

    int generation() {
        return generation;
    }
}
