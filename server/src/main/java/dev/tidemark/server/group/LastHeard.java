package dev.tidemark.server.group;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who was heard when, by this server and by the others, and who has been silent for too long. Thread-safe; asks nobody.
 *
 * <p>A member's silence counts from the latest of: when it was heard; since when this server has been beating and reading the others' beats without a break; when the server that was the last to hear it
 * was found late, or missed. So who stands still, or was without a database, condemns nobody for what it did not hear.
 */
final class LastHeard {
    /** Without a beat of one's own, or a look at the others', for longer than this is a break. Both come once a second. */
    static final Duration BREAK = Duration.ofSeconds(3);

    /** A server whose beats stay away for longer may be dead, and its members on their way to another. */
    static final Duration LATE = Duration.ofSeconds(2);

    /** After which it is missed; as {@code GET /v1/cluster} has it. */
    static final Duration MISSED = Duration.ofSeconds(5);

    /** Longer than any session timeout. */
    private static final Duration REMEMBERED = Duration.ofMinutes(31);

    /** Looks that must agree: what came in while this server stood still is taken up between them. */
    private static final int LOOKS = 2;

    /** How many looks servers wait for each other, so that mostly one of them does the work. */
    private static final int MOST_LOOKS_MORE = 3;

    /** Of a member that nobody has been heard to hear yet. */
    private static final UUID NOBODY = new UUID(0, 0);

    private final LongSupplier nanoTime;
    private final Map<Integer, Heard> heard = new HashMap<>();
    private final Map<UUID, Server> servers = new HashMap<>();
    private final Map<Integer, Integer> looks = new HashMap<>();
    private long watchingSince;
    private long beatenAt;
    private long readAt;
    private long toldUntil;

    /** @param by null: this server */
    private record Heard(long at, @Nullable UUID by) {}

    private static final class Server {
        private long beatAt;
        private long excusedUntil;
        private boolean isMissed;

        Server(long beatAt) {
            this.beatAt = beatAt;
            this.excusedUntil = beatAt;
        }
    }

    /** Somebody this server expects to hear of. */
    record Watched(int memberNo, int sessionTimeoutMs) {}

    /** Whom this server has heard, and how many milliseconds ago. */
    record News(Integer[] memberNos, Integer[] msAgo, long until) {}

    LastHeard(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        long now = nanoTime.getAsLong();
        this.watchingSince = now;
        this.beatenAt = now;
        this.readAt = now;
        this.toldUntil = now;
    }

    /** By this server. */
    synchronized void heard(int memberNo) {
        heard.put(memberNo, new Heard(nanoTime.getAsLong(), null));
    }

    /** What is to go with the next beat. */
    synchronized News news() {
        long now = nanoTime.getAsLong();
        List<Integer> memberNos = new ArrayList<>();
        List<Integer> msAgo = new ArrayList<>();
        heard.forEach((memberNo, one) -> {
            if (one.by() == null && one.at() - toldUntil >= 0) {
                memberNos.add(memberNo);
                msAgo.add(Math.toIntExact(TimeUnit.NANOSECONDS.toMillis(now - one.at())));
            }
        });
        return new News(memberNos.toArray(Integer[]::new), msAgo.toArray(Integer[]::new), now);
    }

    /** The beat with the news is in the database. */
    synchronized void told(News news) {
        toldUntil = news.until();
        beatenAt = watched(beatenAt);
    }

    /** The others' beats are read: once all of them were given to {@link #beat}. */
    synchronized void read() {
        readAt = watched(readAt);
        long now = readAt;
        servers.values().removeIf(server -> now - server.beatAt > REMEMBERED.toNanos());
        servers.values().forEach(server -> excuse(server, now));
    }

    private long watched(long lastAt) {
        long now = nanoTime.getAsLong();
        if (now - lastAt > BREAK.toNanos()) {
            watchingSince = now;
        }
        return now;
    }

    private static void excuse(Server server, long now) {
        long silence = now - server.beatAt;
        if (silence > LATE.toNanos() && !server.isMissed) {
            server.excusedUntil = now;
            server.isMissed = silence > MISSED.toNanos();
        }
    }

    /**
     * One beat of another server.
     *
     * @param beatMsAgo how long ago it was
     * @param memberNos whom it had heard, each so many milliseconds before
     */
    synchronized void beat(UUID serverId, int beatMsAgo, Integer[] memberNos, Integer[] heardMsAgo) {
        long now = nanoTime.getAsLong();
        long beatAt = now - TimeUnit.MILLISECONDS.toNanos(beatMsAgo);
        Server server = servers.computeIfAbsent(serverId, any -> new Server(beatAt));
        if (beatAt - server.beatAt > 0) {
            if (beatAt - server.beatAt > LATE.toNanos()) {
                server.excusedUntil = now;
            }
            server.beatAt = beatAt;
            server.isMissed = false;
        }
        for (int i = 0; i < Math.min(memberNos.length, heardMsAgo.length); i++) {
            long at = beatAt - TimeUnit.MILLISECONDS.toNanos(heardMsAgo[i]);
            heard.merge(memberNos[i], new Heard(at, serverId), (old, told) -> told.at() - old.at() > 0 ? told : old);
        }
    }

    /** How long ago the beats were read last: what is to be read next time, and some more. */
    synchronized Duration sinceRead() {
        return Duration.ofNanos(nanoTime.getAsLong() - readAt);
    }

    /**
     * Who is to be expelled, among those this server expects to hear of; to be asked once a second. Others are forgotten.
     *
     * @param rank how many servers are to do it rather than this one
     */
    synchronized Set<Integer> silent(Collection<Watched> watched, int rank) {
        long now = nanoTime.getAsLong();
        Map<Integer, Integer> suspects = new HashMap<>();
        Set<Integer> expected = new HashSet<>();
        for (Watched member : watched) {
            expected.add(member.memberNo());
            Heard last = heard.computeIfAbsent(member.memberNo(), any -> new Heard(now, NOBODY));
            if (isSilent(last, member, now)) {
                suspects.merge(member.memberNo(), looks.getOrDefault(member.memberNo(), 0) + 1, Integer::sum);
            }
        }
        // Who was heard just now may have joined since it was looked for whom to expect.
        heard.entrySet()
                .removeIf(one ->
                        !expected.contains(one.getKey()) && now - one.getValue().at() > MISSED.toNanos());
        looks.clear();
        if (now - beatenAt > BREAK.toNanos() || now - readAt > BREAK.toNanos()) {
            return Set.of();
        }
        looks.putAll(suspects);
        int enough = LOOKS + Math.min(rank, MOST_LOOKS_MORE);
        return suspects.entrySet().stream()
                .filter(suspect -> suspect.getValue() >= enough)
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    private boolean isSilent(Heard last, Watched member, long now) {
        long since = later(last.at(), watchingSince);
        Server by = last.by() == null ? null : servers.get(last.by());
        if (by != null) {
            since = later(since, by.excusedUntil);
        }
        return now - since >= TimeUnit.MILLISECONDS.toNanos(member.sessionTimeoutMs());
    }

    private static long later(long one, long other) {
        return one - other > 0 ? one : other;
    }

    /** Whether this server itself has heard it within that time. */
    synchronized boolean isHeardHere(int memberNo, int withinMs) {
        Heard last = heard.get(memberNo);
        return last != null
                && last.by() == null
                && nanoTime.getAsLong() - last.at() < TimeUnit.MILLISECONDS.toNanos(withinMs);
    }

    /** The other servers that have beaten lately. */
    synchronized Set<UUID> others() {
        long now = nanoTime.getAsLong();
        return servers.entrySet().stream()
                .filter(server -> now - server.getValue().beatAt < MISSED.toNanos())
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }
}
