package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.GroupDescription;
import dev.tidemark.protocol.api.GroupList;
import dev.tidemark.protocol.api.GroupMemberDescription;
import dev.tidemark.protocol.api.GroupPartitionDescription;
import dev.tidemark.protocol.api.GroupSummary;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.offset.Group;
import dev.tidemark.server.group.offset.GroupDetails;
import dev.tidemark.server.group.offset.GroupOffsets;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The administration of groups. Whoever may read none of a group's topics does not see it; of the others' topics, nothing is shown. */
final class GroupRoutes {
    private final GroupOffsets groups;

    GroupRoutes(GroupOffsets groups) {
        this.groups = groups;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.GET, "/v1/groups", Need.READ_SOMEWHERE, this::list),
                new Route(HandlerType.GET, "/v1/groups/{group}", Need.READ_SOMEWHERE, this::describe),
                new Route(HandlerType.DELETE, "/v1/groups/{group}", Need.READ_SOMEWHERE, this::delete));
    }

    private void list(Context ctx) {
        Query.of(ctx);
        Principal principal = Gate.principal(ctx);
        Answers.json(
                ctx,
                200,
                new GroupList(groups.list().stream()
                        .filter(group -> isSeenBy(principal, group.topics()))
                        .map(GroupRoutes::summary)
                        .toList()));
    }

    private static GroupSummary summary(Group group) {
        return new GroupSummary(group.name(), group.state(), group.generationId(), group.memberCount());
    }

    private static boolean isSeenBy(Principal principal, Set<String> topics) {
        return topics.isEmpty() || topics.stream().anyMatch(topic -> principal.may(Permission.READ, topic));
    }

    private void describe(Context ctx) {
        Query.of(ctx);
        Principal principal = Gate.principal(ctx);
        GroupDetails group = groups.describe(ctx.pathParam("group"));
        if (!isSeenBy(principal, topics(group))) {
            throw refused(principal, group.name(), "see");
        }
        Answers.json(
                ctx,
                200,
                new GroupDescription(
                        group.name(),
                        group.state(),
                        group.generationId(),
                        group.assignor(),
                        group.members().stream()
                                .map(member -> member(member, principal))
                                .toList(),
                        group.partitions().stream()
                                .filter(partition -> principal.may(Permission.READ, partition.topic()))
                                .map(GroupRoutes::partition)
                                .toList()));
    }

    private static Set<String> topics(GroupDetails group) {
        Stream<String> subscribed = group.members().stream()
                .flatMap(member -> member.topics() == null ? Stream.of() : member.topics().stream());
        return Stream.concat(group.partitions().stream().map(GroupDetails.Progress::topic), subscribed)
                .collect(Collectors.toUnmodifiableSet());
    }

    private static GroupMemberDescription member(GroupDetails.Member member, Principal principal) {
        List<String> topics = member.topics();
        return new GroupMemberDescription(
                member.memberId(),
                member.groupInstanceId(),
                member.clientId(),
                member.principal(),
                Timestamps.format(member.joinedAtMs()),
                member.sessionTimeoutMs(),
                topics == null
                        ? null
                        : topics.stream()
                                .filter(topic -> principal.may(Permission.READ, topic))
                                .toList(),
                member.pattern(),
                member.assignments().stream()
                        .filter(partition -> principal.may(Permission.READ, partition.topic()))
                        .toList());
    }

    private static GroupPartitionDescription partition(GroupDetails.Progress progress) {
        Long committedAtMs = progress.committedAtMs();
        return new GroupPartitionDescription(
                progress.topic(),
                progress.partition(),
                progress.committedOffset(),
                progress.logStartOffset(),
                progress.logEndOffset(),
                progress.lag(),
                progress.lagMs(),
                progress.ownerMemberId(),
                progress.metadata(),
                committedAtMs == null ? null : Timestamps.format(committedAtMs));
    }

    private void delete(Context ctx) {
        Query.of(ctx);
        Principal principal = Gate.principal(ctx);
        String group = ctx.pathParam("group");
        for (String topic : groups.topics(group)) {
            if (!principal.may(Permission.READ, topic)) {
                throw refused(principal, group, "delete");
            }
        }
        groups.delete(group);
        Answers.noContent(ctx);
    }

    private static ApiException refused(Principal principal, String group, String what) {
        return new ApiException(
                ErrorCode.GROUP_AUTHORIZATION_FAILED,
                "the principal " + principal.name() + " may not " + what + " the group \"" + group
                        + "\": it must be allowed to read " + (what.equals("see") ? "one" : "each") + " of its topics");
    }
}
