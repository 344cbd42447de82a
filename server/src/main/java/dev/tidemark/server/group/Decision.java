package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.TopicScope;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a group by one request, before targets are computed and partitions moved. Pure: the same group and request give the same decision.
 *
 * @param departed who is not a member any more
 * @param membersChanged whether the next generation begins whatever the targets are
 * @param isToRebalance whether targets are to be computed
 * @param letGo partitions that their owner has let go of
 */
record Decision(
        GroupState state, List<Departure> departed, boolean membersChanged, boolean isToRebalance, Set<Integer> letGo) {
    /** What is known of somebody who is no member; null where nothing is. */
    interface Memory extends Function<String, Departure.@Nullable Past> {}

    private static Decision unchanged(GroupState state) {
        return new Decision(state, List.of(), false, false, Set.of());
    }

    /** Nothing is asked for but that targets fit the topics there are, and that what is free is given away. */
    static Decision refresh(GroupState state) {
        return new Decision(state, List.of(), false, true, Set.of());
    }

    /** Nothing is asked for but that what is free is given away. */
    static Decision settle(GroupState state) {
        return unchanged(state);
    }

    /**
     * @param asked the member as it wants to be
     * @param maxMembers past which nobody joins
     * @throws ApiException of another principal's; of one that was replaced or has left, whose id is used up
     */
    static Decision join(GroupState state, GroupMember asked, int maxMembers, Memory past) {
        GroupMember known = state.member(asked.memberId());
        if (known != null) {
            return again(state, known, asked);
        }
        Departure.Past departed = past.apply(asked.memberId());
        if (departed != null && departed.reason() == Departure.Reason.REPLACED) {
            throw fenced(state, asked.memberId());
        }
        if (departed != null && departed.reason() == Departure.Reason.LEFT) {
            throw unknown(state, asked.memberId(), departed, "; join with another member_id");
        }
        GroupMember before = asked.groupInstanceId() == null ? null : state.memberOfInstance(asked.groupInstanceId());
        return before == null ? first(state, asked, maxMembers) : inThePlaceOf(state, before, asked);
    }

    private static Decision again(GroupState state, GroupMember known, GroupMember asked) {
        requireSame(state, known, asked.principal());
        if (!Objects.equals(known.groupInstanceId(), asked.groupInstanceId())) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    described(state, known.memberId()) + " is there with another group_instance_id, or without one");
        }
        GroupMember changed = known.as(asked);
        return new Decision(state.with(changed), List.of(), false, wantsOther(known, changed), Set.of());
    }

    private static boolean wantsOther(GroupMember one, GroupMember other) {
        return !one.subscription().equals(other.subscription())
                || !one.readable().equals(other.readable())
                || one.assignor() != other.assignor();
    }

    private static Decision first(GroupState state, GroupMember asked, int maxMembers) {
        if (state.members().size() >= maxMembers) {
            throw new ApiException(
                    ErrorCode.GROUP_MAX_SIZE_REACHED,
                    "the group \"" + GroupNames.shown(state.name()) + "\" has "
                            + state.members().size() + " members, of at most " + maxMembers + " (group.max.size)");
        }
        return new Decision(state.with(asked), List.of(), true, true, Set.of());
    }

    /** It takes over what the one before was to own, so that nothing else moves. */
    private static Decision inThePlaceOf(GroupState state, GroupMember before, GroupMember asked) {
        requireSame(state, before, asked.principal());
        GroupState changed = state.without(before.memberId()).with(asked.withTarget(before.target()));
        return new Decision(
                changed,
                List.of(new Departure(before, Departure.Reason.REPLACED)),
                false,
                wantsOther(before, asked),
                Set.of());
    }

    /**
     * @throws ApiException of one that is no member, another principal's, or a generation to come
     */
    static Decision heartbeat(GroupState state, HeartbeatOf heartbeat, Memory past) {
        GroupMember member = state.member(heartbeat.memberId());
        if (member == null) {
            throw noMember(state, heartbeat.memberId(), heartbeat.groupInstanceId(), past);
        }
        requireSame(state, member, heartbeat.principal());
        requireNotToCome(state, heartbeat);
        GroupMember heard = member.withReadable(heartbeat.readable());
        boolean isCurrent = heartbeat.generation() == state.generation();
        Set<Integer> letGo = isCurrent ? state.letGo(member, heartbeat.owned()) : Set.of();
        return new Decision(state.with(heard), List.of(), false, wantsOther(member, heard), letGo);
    }

    /** A heartbeat, with who sends it. */
    record HeartbeatOf(
            String memberId,
            int generation,
            Set<PartitionName> owned,
            @Nullable String groupInstanceId,
            String principal,
            TopicScope readable) {}

    private static void requireNotToCome(GroupState state, HeartbeatOf heartbeat) {
        if (heartbeat.generation() > state.generation()) {
            throw new ApiException(
                    ErrorCode.ILLEGAL_GENERATION,
                    described(state, heartbeat.memberId()) + " names the generation " + heartbeat.generation()
                            + ", and the group's is " + state.generation());
        }
    }

    /**
     * Whether a heartbeat can be answered from a state that may be a moment old: nothing is let go of, nothing can be given, and the member knows of nothing that the state does not. One that
     * another server has just given a partition would take an answer without it for the order to drop it.
     */
    static boolean isNoNews(GroupState state, GroupMember member, HeartbeatOf heartbeat) {
        return member.readable().equals(heartbeat.readable())
                && !state.canGive(member)
                && !state.namesWhatIsNotYetItsOwn(member, heartbeat.owned())
                && (heartbeat.generation() < state.generation()
                        || state.letGo(member, heartbeat.owned()).isEmpty());
    }

    /**
     * One that is not there has left before, as far as is remembered.
     *
     * @throws ApiException of one never heard of, or another principal's
     */
    static Decision leave(GroupState state, String memberId, String principal, Memory past) {
        GroupMember member = state.member(memberId);
        if (member != null) {
            requireSame(state, member, principal);
            return without(state, List.of(new Departure(member, Departure.Reason.LEFT)));
        }
        if (past.apply(memberId) == null) {
            throw noMember(state, memberId, null, past);
        }
        return unchanged(state);
    }

    /** Of those that are members still. */
    static Decision expel(GroupState state, Collection<Departure> departures) {
        List<Departure> departed = new ArrayList<>();
        for (Departure departure : departures) {
            GroupMember member = state.member(departure.member().memberId());
            if (member != null && member.memberNo() == departure.member().memberNo()) {
                departed.add(new Departure(member, departure.reason()));
            }
        }
        return departed.isEmpty() ? unchanged(state) : without(state, departed);
    }

    private static Decision without(GroupState state, List<Departure> departed) {
        GroupState changed = state;
        for (Departure departure : departed) {
            changed = changed.without(departure.member().memberId());
        }
        return new Decision(changed, departed, true, true, Set.of());
    }

    static void requireSame(GroupState state, GroupMember member, String principal) {
        if (!member.principal().equals(principal)) {
            throw new ApiException(
                    ErrorCode.GROUP_AUTHORIZATION_FAILED,
                    described(state, member.memberId()) + " is another principal's than " + principal);
        }
    }

    private static ApiException noMember(
            GroupState state, String memberId, @Nullable String groupInstanceId, Memory past) {
        Departure.Past departed = past.apply(memberId);
        boolean isReplaced = departed != null && departed.reason() == Departure.Reason.REPLACED;
        boolean isTaken = groupInstanceId != null && state.memberOfInstance(groupInstanceId) != null;
        return isReplaced || isTaken ? fenced(state, memberId) : unknown(state, memberId, departed, "");
    }

    private static ApiException fenced(GroupState state, String memberId) {
        return new ApiException(
                ErrorCode.FENCED_INSTANCE_ID,
                described(state, memberId) + " is one no more: another with its group instance id took its place");
    }

    private static ApiException unknown(
            GroupState state, String memberId, Departure.@Nullable Past departed, String advice) {
        String detail = departed == null
                ? "the group \"" + GroupNames.shown(state.name()) + "\" has no member \"" + GroupNames.shown(memberId)
                        + "\""
                : described(state, memberId) + " is one no more since "
                        + departed.leftAt().truncatedTo(ChronoUnit.MILLIS) + ": "
                        + departed.reason().words();
        return new ApiException(ErrorCode.UNKNOWN_MEMBER_ID, detail + advice);
    }

    private static String described(GroupState state, String memberId) {
        return "the member \"" + GroupNames.shown(memberId) + "\" of the group \"" + GroupNames.shown(state.name())
                + "\"";
    }
}
