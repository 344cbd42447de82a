package dev.tidemark.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** The server's side of a consumer group, for {@link FakeBroker}: who gets what is the test's decision. It keeps the protocol's rules: a partition is its owner's until that says that it reads it no more. */
final class FakeGroup {
    private static final class Member {
        String instanceId;
        final Set<TopicPartition> target = new LinkedHashSet<>();
        final Set<TopicPartition> owned = new LinkedHashSet<>();
    }

    private final Map<String, Member> members = new LinkedHashMap<>();
    private final Map<String, ErrorCode> gone = new HashMap<>();
    private final Set<TopicPartition> forJoiners = new LinkedHashSet<>();
    private int generation;

    /** Everything asked, in order: {@code join}, {@code beat [t-0]}, {@code leave}, {@code commit {t-0=5}}. Members are not named. */
    final List<String> heard = new CopyOnWriteArrayList<>();

    /** Bodies of joins. */
    final List<JsonNode> joins = new CopyOnWriteArrayList<>();

    final Map<TopicPartition, Long> committed =
            new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));

    volatile int heartbeatIntervalMs = 50;

    /** A commit waits for this before it is carried out. */
    volatile CountDownLatch commitsWait = new CountDownLatch(0);

    /** The number of each commit, in order; "none" of one that has none. */
    final List<String> commitNumbers = new CopyOnWriteArrayList<>();

    /** So many commits are not carried out, as by a server that is about to stop. */
    final AtomicInteger unavailableCommits = new AtomicInteger();

    /** Joins are refused with this. */
    volatile ErrorCode refuseJoins;

    /** Whoever joins from now on gets these. */
    synchronized void giveJoiners(TopicPartition... partitions) {
        forJoiners.clear();
        forJoiners.addAll(List.of(partitions));
    }

    /** The only member is to have these from now on. */
    synchronized void assign(TopicPartition... partitions) {
        Member member = members.get(memberId());
        member.target.clear();
        member.target.addAll(List.of(partitions));
        giveJoiners(partitions);
        generation++;
    }

    synchronized String memberId() {
        if (members.size() != 1) {
            throw new AssertionError("there are " + members.size() + " members");
        }
        return members.keySet().iterator().next();
    }

    synchronized int memberCount() {
        return members.size();
    }

    synchronized void expel() {
        String memberId = memberId();
        members.remove(memberId);
        gone.put(memberId, ErrorCode.UNKNOWN_MEMBER_ID);
        generation++;
    }

    /** Another with its instance id has come. */
    synchronized void fence() {
        String memberId = memberId();
        members.remove(memberId);
        gone.put(memberId, ErrorCode.FENCED_INSTANCE_ID);
    }

    synchronized Map<TopicPartition, Long> committed() {
        return Map.copyOf(committed);
    }

    /** @param parts of the path: v1, groups, the group, and so on */
    void serve(HttpExchange exchange, String[] parts, byte[] body) throws IOException, InterruptedException {
        String method = exchange.getRequestMethod();
        if (parts[3].equals("offsets") && method.equals("GET")) {
            FakeBroker.json(exchange, offsets());
        } else if (parts[3].equals("offsets")) {
            commit(exchange, Json.forMessages().readTree(body));
        } else if (method.equals("DELETE")) {
            leave(exchange, parts[4]);
        } else if (parts.length > 4) {
            beat(exchange, parts[4], Json.forMessages().readTree(body));
        } else {
            join(exchange, Json.forMessages().readTree(body));
        }
    }

    private synchronized void join(HttpExchange exchange, JsonNode request) throws IOException {
        heard.add("join");
        joins.add(request);
        if (refuseJoins != null) {
            FakeBroker.problem(exchange, refuseJoins, "as the test wants");
            return;
        }
        String memberId = request.get("member_id").asText();
        if (!members.containsKey(memberId)) {
            Member joined = new Member();
            joined.instanceId = request.path("group_instance_id").asText(null);
            joined.target.addAll(forJoiners);
            members.put(memberId, joined);
            generation++;
        }
        answer(exchange, memberId);
    }

    private synchronized void beat(HttpExchange exchange, String memberId, JsonNode request) throws IOException {
        Set<TopicPartition> owned = new LinkedHashSet<>();
        request.get("owned")
                .forEach(name -> owned.add(new TopicPartition(
                        name.get("topic").asText(), name.get("partition").asInt())));
        heard.add(
                "beat " + owned.stream().map(TopicPartition::toString).sorted().toList());
        Member member = members.get(memberId);
        if (member == null) {
            refuse(exchange, memberId);
            return;
        }
        if (request.get("generation_id").asInt() == generation) {
            member.owned.removeIf(partition -> !member.target.contains(partition) && !owned.contains(partition));
        }
        answer(exchange, memberId);
    }

    private void answer(HttpExchange exchange, String memberId) throws IOException {
        Member member = members.get(memberId);
        member.owned.addAll(member.target);
        String assignments = member.target.stream()
                .map(partition ->
                        "{\"topic\":\"%s\",\"partition\":%d}".formatted(partition.topic(), partition.partition()))
                .collect(Collectors.joining(","));
        FakeBroker.json(
                exchange,
                "{\"member_id\":\"%s\",\"generation_id\":%d,\"assignments\":[%s],\"pending\":[],\"heartbeat_interval_ms\":%d}"
                        .formatted(memberId, generation, assignments, heartbeatIntervalMs));
    }

    private synchronized void leave(HttpExchange exchange, String memberId) throws IOException {
        heard.add("leave");
        members.remove(memberId);
        gone.put(memberId, ErrorCode.UNKNOWN_MEMBER_ID);
        exchange.sendResponseHeaders(204, -1);
    }

    private void commit(HttpExchange exchange, JsonNode request) throws IOException, InterruptedException {
        commitsWait.await();
        synchronized (this) {
            Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
            request.get("offsets")
                    .forEach(one -> offsets.put(
                            new TopicPartition(
                                    one.get("topic").asText(),
                                    one.get("partition").asInt()),
                            one.get("committed_offset").asLong()));
            heard.add("commit "
                    + new TreeMap<>(offsets.entrySet().stream()
                            .collect(Collectors.toMap(e -> e.getKey().toString(), Map.Entry::getValue))));
            commitNumbers.add(request.path("commit_number").asText("none"));
            if (unavailableCommits.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                FakeBroker.problem(exchange, ErrorCode.BROKER_NOT_AVAILABLE, "as the test wants");
                return;
            }
            String memberId = request.path("member_id").asText("");
            Member member = members.get(memberId);
            if (member == null && !(memberId.isEmpty() && members.isEmpty())) {
                refuse(exchange, memberId);
            } else if (member != null && !member.owned.containsAll(offsets.keySet())) {
                FakeBroker.problem(exchange, ErrorCode.ILLEGAL_GENERATION, "not the owner");
            } else {
                committed.putAll(offsets);
                FakeBroker.json(exchange, "{\"offsets\":[]}");
            }
        }
    }

    private synchronized String offsets() {
        List<String> all = new ArrayList<>();
        committed.forEach((partition, offset) -> all.add(
                "{\"topic\":\"%s\",\"partition\":%d,\"committed_offset\":%d,\"committed_at\":\"2026-01-01T00:00:00.000Z\"}"
                        .formatted(partition.topic(), partition.partition(), offset)));
        return "{\"group_id\":\"g\",\"offsets\":[" + String.join(",", all) + "]}";
    }

    private void refuse(HttpExchange exchange, String memberId) throws IOException {
        ErrorCode why = gone.getOrDefault(memberId, ErrorCode.UNKNOWN_MEMBER_ID);
        FakeBroker.problem(exchange, why, "the member was expelled by the test");
    }
}
