package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.group.assignor.Assignor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Single decisions; what follows from many is {@link GroupProtocolTest}'s. */
class DecisionTest {
    private static final int MAX_MEMBERS = 100;

    private static final TopicScope ALL = new TopicScope(List.of("*"));
    private static final TopicCatalogue TOPICS = new TopicCatalogue(Map.of("t", List.of(7, 8), "u", List.of(9)));

    private static GroupMember member(int no, String id, Assignor assignor, TopicScope readable) {
        return new GroupMember(
                no,
                id,
                null,
                null,
                "p",
                readable,
                Subscription.requested(List.of("t", "u"), null),
                assignor,
                new Timeouts(3000, 3000, 1000),
                Set.of(),
                false);
    }

    private static GroupMember member(String id) {
        return member(1, id, Assignor.STICKY, ALL);
    }

    private static GroupState group(GroupMember... members) {
        GroupState group = new GroupState(1, "g", 4, 0, Map.of(), Map.of(), Map.of());
        for (GroupMember member : members) {
            group = group.with(member);
        }
        return group;
    }

    @Test
    void aFullGroupTakesNobodyElse() {
        Map<String, GroupMember> members = new HashMap<>();
        for (int i = 0; i < MAX_MEMBERS; i++) {
            members.put("m" + i, member("m" + i));
        }
        GroupState full = new GroupState(1, "g", 1, 0, members, Map.of(), Map.of());

        assertThatThrownBy(() -> Decision.join(full, member("late"), MAX_MEMBERS, id -> null))
                .isInstanceOfSatisfying(
                        ApiException.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.GROUP_MAX_SIZE_REACHED));
        assertThat(Decision.join(full, member("m7"), MAX_MEMBERS, id -> null)
                        .state()
                        .members())
                .as("one that is there already")
                .hasSize(MAX_MEMBERS);
    }

    @Test
    void aMemberThatComesBeginsAGenerationThoughThereIsNothingForIt() {
        GroupState fitted = Targets.fitted(group(member("m")), true, TopicCatalogue.EMPTY);
        assertThat(fitted.generation()).isEqualTo(5);
        assertThat(Targets.fitted(fitted, false, TopicCatalogue.EMPTY)).isSameAs(fitted);
        assertThat(Targets.fitted(fitted, false, TOPICS).generation()).isEqualTo(6);
    }

    @Test
    void theAssignorMostAskForIsTaken() {
        GroupState group = Targets.fitted(
                group(
                        member(1, "a", Assignor.RANGE, ALL),
                        member(2, "b", Assignor.ROUND_ROBIN, ALL),
                        member(3, "c", Assignor.RANGE, ALL)),
                true,
                TOPICS);
        // Range begins each topic with its first subscriber, round robin goes on with the next.
        assertThat(group.targets().get("a")).containsExactlyInAnyOrder(7, 9);
    }

    @Test
    void aTokenThatAllowsLessTakesPartitionsAway() {
        GroupState group = Targets.fitted(group(member("m")), true, TOPICS);
        TopicScope less = new TopicScope(List.of("u"));
        Decision.HeartbeatOf heartbeat = new Decision.HeartbeatOf("m", group.generation(), Set.of(), null, "p", less);

        assertThat(Decision.isNoNews(group, group.members().iterator().next(), heartbeat))
                .isFalse();
        Decision decision = Decision.heartbeat(group, heartbeat, id -> null);
        assertThat(decision.isToRebalance()).isTrue();
        assertThat(Targets.fitted(decision.state(), false, TOPICS).targets()).isEqualTo(Map.of("m", Set.of(9)));
    }

    @Test
    void aPartitionTheMemberNamesAndTheStateShowsAsAnothersIsNewsWhereItIsMeantForTheMember() {
        PartitionName mine = new PartitionName("t", 0);
        PartitionName given = new PartitionName("t", 1);
        PartitionName anothers = new PartitionName("u", 0);
        GroupState group = new GroupState(
                1,
                "g",
                4,
                0,
                Map.of(
                        "m",
                        member("m").withTarget(Set.of(7, 8)),
                        "n",
                        member("n").withTarget(Set.of(9))),
                Map.of(7, "m", 8, "n", 9, "n"),
                Map.of(7, mine, 8, given, 9, anothers));

        assertThat(isNoNews(group, Set.of(mine))).isTrue();
        assertThat(isNoNews(group, Set.of(mine, anothers))).isTrue();
        assertThat(isNoNews(group, Set.of(mine, given))).isFalse();
    }

    private static boolean isNoNews(GroupState group, Set<PartitionName> owned) {
        GroupMember member = group.member("m");
        return member != null
                && Decision.isNoNews(
                        group, member, new Decision.HeartbeatOf("m", group.generation(), owned, null, "p", ALL));
    }

    @Test
    void whatHasNoNameAnyMoreCannotBeHeldOnTo() {
        GroupMember member = member("m");
        GroupState group = new GroupState(
                1, "g", 1, 0, Map.of("m", member), Map.of(7, "m", 8, "m"), Map.of(7, new PartitionName("t", 0)));

        assertThat(group.letGo(member, Set.of(new PartitionName("t", 0), new PartitionName("t", 1))))
                .containsExactly(8);
    }

    @Test
    void whoHasJoinedAnewIsNotExpelledForWhatItWasBefore() {
        GroupState group = group(member(2, "m", Assignor.STICKY, ALL));
        Departure old = new Departure(member(1, "m", Assignor.STICKY, ALL), Departure.Reason.SESSION_TIMEOUT);

        assertThat(Decision.expel(group, List.of(old)).departed()).isEmpty();
    }

    @Test
    void whoIsGoneOwnsNothing() {
        GroupState group = new GroupState(
                1, "g", 1, 0, Map.of("m", member("m").withTarget(Set.of(7))), Map.of(7, "gone", 8, "gone"), Map.of());

        Map<Integer, String> expected = new HashMap<>();
        expected.put(7, "m");
        expected.put(8, null);
        assertThat(group.moves(Set.of())).isEqualTo(expected);
    }
}
