package dev.tidemark.benchmarks.group;

import dev.tidemark.benchmarks.measure.Spread;
import dev.tidemark.benchmarks.system.TidemarkServer;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How long a group of three consumers over 12 partitions takes until every partition has its new owner: when a fourth joins, from its first poll; when it leaves politely, from its close; when it is
 * killed, from its last heartbeat, so that its session timeout is in it.
 */
final class Rebalances {
    private static final String TOPIC = "rebalances";
    private static final int PARTITIONS = 12;
    private static final int MEMBERS = 3;
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(6);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TidemarkServer server;

    Rebalances(TidemarkServer server) {
        this.server = server;
    }

    void measure(int rounds) throws Exception {
        server.createTopic(TOPIC, PARTITIONS);
        List<Double> joins = new ArrayList<>();
        List<Double> leaves = new ArrayList<>();
        List<Double> kills = new ArrayList<>();
        String group = "rebalances-" + System.nanoTime();
        List<PollingMember> members = new ArrayList<>();
        try {
            for (int i = 0; i < MEMBERS; i++) {
                members.add(PollingMember.start(server.address(), group, TOPIC));
            }
            awaitShares(members, PARTITIONS / MEMBERS);
            for (int round = 0; round < rounds; round++) {
                long joined = System.nanoTime();
                PollingMember fourth = PollingMember.start(server.address(), group, TOPIC);
                members.add(fourth);
                joins.add(awaitShares(members, PARTITIONS / (MEMBERS + 1)) - joined / 1e6);
                members.remove(fourth);
                long left = System.nanoTime();
                fourth.close();
                leaves.add(awaitShares(members, PARTITIONS / MEMBERS) - left / 1e6);
            }
            for (int round = 0; round < Math.max(1, rounds / 4); round++) {
                kills.add(kill(group, members));
            }
        } finally {
            for (PollingMember member : members) {
                member.close();
            }
        }
        print("a member joins", joins);
        print("a member leaves", leaves);
        print("a member is killed (session timeout " + SESSION_TIMEOUT.toMillis() + " ms)", kills);
    }

    /** A member that says nothing any more is as good as killed. */
    private double kill(String group, List<PollingMember> members) throws Exception {
        HttpMember victim = new HttpMember(HttpClient.newHttpClient(), server.address(), group);
        victim.join(TOPIC, SESSION_TIMEOUT);
        long lastHeard = System.nanoTime();
        while (victim.assigned() < PARTITIONS / (MEMBERS + 1)) {
            Thread.sleep(victim.heartbeatInterval().toMillis());
            victim.heartbeat();
            lastHeard = System.nanoTime();
        }
        return awaitShares(members, PARTITIONS / MEMBERS) - lastHeard / 1e6;
    }

    /** @return when it was so, in milliseconds */
    private static double awaitShares(List<PollingMember> members, int share) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (members.stream().anyMatch(member -> member.assigned() != share)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("the group did not settle within " + PATIENCE);
            }
            Thread.sleep(1);
        }
        return System.nanoTime() / 1e6;
    }

    private static void print(String what, List<Double> ms) {
        Spread spread = Spread.of(ms.stream().mapToDouble(Double::doubleValue).toArray());
        System.out.printf(
                Locale.ROOT,
                "rebalance when %s: p50 %,.0f ms, max %,.0f ms (%d times)%n",
                what,
                spread.median(),
                spread.max(),
                spread.count());
    }
}
