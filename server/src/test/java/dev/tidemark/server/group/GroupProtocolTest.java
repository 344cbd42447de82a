package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.group.assignor.Assignor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Members, a group and a network between them that loses, doubles, delays and reorders whatever is sent; commits that hold partitions up; topics that come, grow and go. No two members ever read a partition at once, and when
 * the network is well again each reads what is meant for it. Decisions only: no database.
 */
@Timeout(120)
class GroupProtocolTest {
    private static final int STEPS = 400;
    private static final TopicScope ALL = new TopicScope(List.of("*"));

    static List<Integer> seeds() {
        return IntStream.range(0, 150).boxed().toList();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void noPartitionIsReadByTwoAndAllAreReadInTheEnd(int seed) {
        World world = new World(new Random(seed));
        for (int step = 0; step < STEPS; step++) {
            world.step();
            world.assertNobodySharesAPartition();
        }
        world.calmDown();
        world.assertEverythingIsReadAsMeant();
    }

    /** As the server keeps it: what transactions do, with sets for locks. */
    private static final class Coordinator {
        private final Random random;
        private final Map<String, List<Integer>> topics = new TreeMap<>();
        private final Map<String, Departure.Reason> past = new HashMap<>();
        private final Set<Integer> heldByCommits = new HashSet<>();
        private GroupState state = new GroupState(1, "g", 0, 0, Map.of(), Map.of(), Map.of());
        private int nextPartition = 1;
        private int nextMemberNo = 1;

        Coordinator(Random random) {
            this.random = random;
        }

        Departure.@Nullable Past remembered(String memberId) {
            Departure.Reason reason = past.get(memberId);
            return reason == null ? null : new Departure.Past(reason, Instant.EPOCH);
        }

        void carryOut(Decision decision) {
            GroupState after = decision.isToRebalance()
                    ? Targets.fitted(decision.state(), decision.membersChanged(), new TopicCatalogue(topics))
                    : decision.state();
            decision.departed().forEach(departure -> past.put(departure.member().memberId(), departure.reason()));
            Map<Integer, @Nullable String> moves = after.moves(decision.letGo());
            Set<Integer> had = new HashSet<>(moves.keySet());
            had.removeAll(heldByCommits);
            state = numbered(named(after.moved(moves, had)));
        }

        /** Names are those of topics that are there; see {@link GroupStore#load}. */
        private GroupState named(GroupState after) {
            Map<Integer, PartitionName> names = new HashMap<>();
            topics.forEach((topic, ids) -> {
                for (int i = 0; i < ids.size(); i++) {
                    names.put(ids.get(i), new PartitionName(topic, i));
                }
            });
            Map<String, GroupMember> members = new HashMap<>();
            after.members().forEach(member -> members.put(member.memberId(), member));
            return new GroupState(1, "g", after.generation(), 0, members, after.owners(), names);
        }

        private GroupState numbered(GroupState after) {
            GroupState numbered = after;
            for (GroupMember member : after.members()) {
                if (member.memberNo() == GroupMember.NO_NUMBER) {
                    numbered = numbered.with(numbered(member));
                }
            }
            return numbered;
        }

        private GroupMember numbered(GroupMember member) {
            return new GroupMember(
                    nextMemberNo++,
                    member.memberId(),
                    member.groupInstanceId(),
                    member.clientId(),
                    member.principal(),
                    member.readable(),
                    member.subscription(),
                    member.assignor(),
                    member.timeouts(),
                    member.target(),
                    member.isRevoking());
        }

        void changeTopics() {
            String topic = "t" + random.nextInt(4);
            if (topics.containsKey(topic) && random.nextInt(3) == 0) {
                topics.remove(topic);
            } else {
                List<Integer> grown = new ArrayList<>(topics.getOrDefault(topic, List.of()));
                IntStream.rangeClosed(0, random.nextInt(3)).forEach(i -> grown.add(nextPartition++));
                topics.put(topic, grown);
            }
            state = named(state);
            carryOut(Decision.refresh(state));
        }

        void holdOrLetGo() {
            if (!heldByCommits.isEmpty() && random.nextBoolean()) {
                heldByCommits.remove(heldByCommits.iterator().next());
            } else if (!state.owners().isEmpty()) {
                List<Integer> owned = List.copyOf(state.owners().keySet());
                heldByCommits.add(owned.get(random.nextInt(owned.size())));
            }
        }
    }

    private enum Kind {
        JOIN,
        HEARTBEAT,
        LEAVE
    }

    private record Request(Kind kind, Client from, int generation, Set<PartitionName> owned) {}

    /** @param ids of the partitions it was told of: names come again, ids do not */
    private record Answer(
            Client to,
            @Nullable GroupAssignment told,
            Set<Integer> ids,
            int memberNo,
            @Nullable ErrorCode refused) {}

    /** A member as clients are to behave. */
    private static final class Client {
        private final String memberId;
        private final @Nullable String instanceId;
        private final Subscription subscription;
        private final Assignor assignor;
        private Set<PartitionName> reads = Set.of();
        private Set<Integer> readsIds = Set.of();
        private int memberNo;
        private int generation;
        private boolean isJoined;
        private boolean isGone;

        Client(String memberId, @Nullable String instanceId, Subscription subscription, Assignor assignor) {
            this.memberId = memberId;
            this.instanceId = instanceId;
            this.subscription = subscription;
            this.assignor = assignor;
        }

        void hear(Answer answer) {
            if (isGone) {
                return;
            }
            if (answer.refused() == ErrorCode.UNKNOWN_MEMBER_ID || answer.refused() == ErrorCode.FENCED_INSTANCE_ID) {
                die();
            }
            GroupAssignment told = answer.told();
            if (told != null && told.generationId() >= generation) {
                isJoined = true;
                generation = told.generationId();
                reads = Set.copyOf(told.assignments());
                readsIds = answer.ids();
                memberNo = answer.memberNo();
            }
        }

        void die() {
            isGone = true;
            reads = Set.of();
            readsIds = Set.of();
        }

        GroupMember asMember() {
            return new GroupMember(
                    GroupMember.NO_NUMBER,
                    memberId,
                    instanceId,
                    null,
                    "p",
                    ALL,
                    subscription,
                    assignor,
                    new Timeouts(3000, 3000, 1000),
                    Set.of(),
                    false);
        }
    }

    private static final class World {
        private final Random random;
        private final Coordinator coordinator;
        private final List<Client> clients = new ArrayList<>();
        private final List<Request> requests = new ArrayList<>();
        private final List<Answer> answers = new ArrayList<>();
        private int nextClient;

        World(Random random) {
            this.random = random;
            this.coordinator = new Coordinator(random);
        }

        void step() {
            switch (random.nextInt(20)) {
                case 0 -> start();
                case 1 -> leave();
                case 2 -> expel();
                case 3 -> coordinator.changeTopics();
                case 4, 5 -> coordinator.holdOrLetGo();
                case 6, 7, 8, 9, 10 -> speak();
                case 11, 12, 13, 14, 15 -> deliverRequest();
                default -> deliverAnswer();
            }
        }

        private void start() {
            if (living().size() < 6) {
                Subscription subscription = random.nextInt(3) == 0
                        ? Subscription.requested(null, "t[0-2]")
                        : Subscription.requested(List.of("t" + random.nextInt(4), "t1"), null);
                String instance = random.nextInt(4) == 0 ? "i" + random.nextInt(2) : null;
                Assignor assignor = Assignor.values()[random.nextInt(3)];
                Client client = new Client("m" + nextClient++, instance, subscription, assignor);
                clients.add(client);
                requests.add(new Request(Kind.JOIN, client, 0, Set.of()));
            }
        }

        private List<Client> living() {
            return clients.stream().filter(client -> !client.isGone).toList();
        }

        private @Nullable Client some() {
            List<Client> living = living();
            return living.isEmpty() ? null : living.get(random.nextInt(living.size()));
        }

        private void leave() {
            Client client = some();
            if (client != null && client.isJoined && random.nextBoolean()) {
                client.die();
                requests.add(new Request(Kind.LEAVE, client, 0, Set.of()));
            }
        }

        /** Whoever is expelled goes on reading until it hears of it, and is no member. */
        private void expel() {
            List<GroupMember> members = List.copyOf(coordinator.state.members());
            if (!members.isEmpty() && random.nextBoolean()) {
                GroupMember member = members.get(random.nextInt(members.size()));
                coordinator.carryOut(Decision.expel(
                        coordinator.state, List.of(new Departure(member, Departure.Reason.SESSION_TIMEOUT))));
            }
        }

        private void speak() {
            Client client = some();
            if (client != null) {
                speak(client);
            }
        }

        private void speak(Client client) {
            requests.add(
                    client.isJoined
                            ? new Request(Kind.HEARTBEAT, client, client.generation, client.reads)
                            : new Request(Kind.JOIN, client, 0, Set.of()));
        }

        private void deliverRequest() {
            if (!requests.isEmpty()) {
                Request request = take(requests);
                if (request != null) {
                    serve(request);
                }
            }
        }

        private void deliverAnswer() {
            if (!answers.isEmpty()) {
                Answer answer = take(answers);
                if (answer != null) {
                    answer.to().hear(answer);
                }
            }
        }

        /** In any order; some are lost, some come again. */
        private <T> @Nullable T take(List<T> sent) {
            int which = random.nextInt(sent.size());
            return switch (random.nextInt(6)) {
                case 0 -> {
                    sent.remove(which);
                    yield null;
                }
                case 1 -> sent.get(which);
                default -> sent.remove(which);
            };
        }

        private void serve(Request request) {
            Client from = request.from();
            try {
                coordinator.carryOut(decide(request));
                GroupMember member = coordinator.state.member(from.memberId);
                if (member != null) {
                    Set<Integer> ids = new HashSet<>(coordinator.state.ownedBy(from.memberId));
                    ids.retainAll(member.target());
                    answers.add(new Answer(from, coordinator.state.answer(member), ids, member.memberNo(), null));
                }
            } catch (ApiException refused) {
                answers.add(new Answer(from, null, Set.of(), 0, refused.error()));
            }
        }

        private Decision decide(Request request) {
            GroupState state = coordinator.state;
            Client from = request.from();
            return switch (request.kind()) {
                case JOIN -> Decision.join(state, from.asMember(), 100, coordinator::remembered);
                case LEAVE -> Decision.leave(state, from.memberId, "p", coordinator::remembered);
                case HEARTBEAT -> {
                    Decision.HeartbeatOf heartbeat = new Decision.HeartbeatOf(
                            from.memberId, request.generation(), request.owned(), from.instanceId, "p", ALL);
                    Decision decision = Decision.heartbeat(state, heartbeat, coordinator::remembered);
                    assertNoNewsChangesNothing(state, heartbeat, decision);
                    yield decision;
                }
            };
        }

        /** What is answered from memory is what the database would have answered. */
        private void assertNoNewsChangesNothing(GroupState state, Decision.HeartbeatOf heartbeat, Decision decision) {
            GroupMember member = state.member(heartbeat.memberId());
            if (member != null && Decision.isNoNews(state, member, heartbeat)) {
                assertThat(decision.letGo()).isEmpty();
                assertThat(decision.isToRebalance()).isFalse();
            }
        }

        void assertNobodySharesAPartition() {
            Map<Integer, String> readers = new HashMap<>();
            for (Client client : living()) {
                // Who was expelled goes on reading until it hears of it, also where a join from before made it a member
                // again.
                GroupMember member = coordinator.state.member(client.memberId);
                if (member != null && member.memberNo() == client.memberNo) {
                    for (int partition : client.readsIds) {
                        assertThat(readers.put(partition, client.memberId))
                                .as("%s is read by %s too", partition, client.memberId)
                                .isNull();
                    }
                }
            }
        }

        void calmDown() {
            coordinator.heldByCommits.clear();
            while (!requests.isEmpty()) {
                serve(requests.remove(0));
            }
            for (int round = 0; round < 12; round++) {
                while (!answers.isEmpty()) {
                    Answer answer = answers.remove(0);
                    answer.to().hear(answer);
                }
                expelWhoIsGone();
                living().forEach(this::speak);
                while (!requests.isEmpty()) {
                    serve(requests.remove(0));
                    assertNobodySharesAPartition();
                }
            }
        }

        private void expelWhoIsGone() {
            Set<String> living = new HashSet<>();
            living().forEach(client -> living.add(client.memberId));
            List<Departure> gone = coordinator.state.members().stream()
                    .filter(member -> !living.contains(member.memberId()))
                    .map(member -> new Departure(member, Departure.Reason.SESSION_TIMEOUT))
                    .toList();
            coordinator.carryOut(Decision.expel(coordinator.state, gone));
        }

        void assertEverythingIsReadAsMeant() {
            Set<PartitionName> wanted = new HashSet<>();
            Set<PartitionName> read = new HashSet<>();
            for (Client client : living()) {
                GroupMember member = coordinator.state.member(client.memberId);
                assertThat(member).as("%s is a member", client.memberId).isNotNull();
                assertThat(coordinator.state.ownedBy(client.memberId)).isEqualTo(member.target());
                assertThat(client.reads)
                        .isEqualTo(Set.copyOf(coordinator.state.answer(member).assignments()));
                read.addAll(client.reads);
                client.subscription
                        .among(coordinator.topics.keySet(), ALL)
                        .forEach(topic -> IntStream.range(
                                        0,
                                        coordinator
                                                .topics
                                                .getOrDefault(topic, List.of())
                                                .size())
                                .forEach(partition -> wanted.add(new PartitionName(topic, partition))));
            }
            assertThat(read).isEqualTo(wanted);
            assertThat(coordinator.state.owners().values())
                    .allSatisfy(
                            owner -> assertThat(coordinator.state.member(owner)).isNotNull());
        }
    }
}
