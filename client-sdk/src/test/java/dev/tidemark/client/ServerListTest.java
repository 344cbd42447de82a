package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ServerListTest {
    private static final List<URI> URIS =
            List.of(URI.create("http://a"), URI.create("http://b"), URI.create("http://c"));

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final ServerList servers = new ServerList(URIS, new Random(1), now::get);

    private void pass(long seconds) {
        now.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    /** Fails the server that is chosen now. */
    private ServerList.Server fail() {
        ServerList.Choice choice = servers.choose();
        servers.failed(choice);
        return choice.server();
    }

    @Test
    void clientsSpreadOverAllServersAlsoOverThoseThatAreLeft() {
        Set<String> orders = new HashSet<>();
        for (int client = 0; client < 200; client++) {
            ServerList list = new ServerList(URIS, new Random(client), now::get);
            ServerList.Choice first = list.choose();
            list.failed(first);
            orders.add(first.uri() + " " + list.choose().uri());
        }
        assertThat(orders).hasSize(6);
    }

    @Test
    void staysWithTheServerThatServes() {
        URI first = servers.choose().uri();
        for (int i = 0; i < 100; i++) {
            assertThat(servers.choose().uri()).isEqualTo(first);
            servers.served(servers.choose());
            pass(100);
        }
    }

    @Test
    void requestsInFlightThatFailTogetherCountOnce() {
        ServerList.Choice one = servers.choose();
        ServerList.Choice other = servers.choose();
        servers.failed(one);
        URI next = servers.choose().uri();
        servers.failed(other);

        assertThat(servers.choose().uri()).isEqualTo(next).isNotEqualTo(one.uri());
    }

    @Test
    void whenNoneServesEachIsTriedInTurn() {
        Set<URI> tried = new HashSet<>();
        for (int round = 0; round < 4; round++) {
            tried.clear();
            for (int i = 0; i < 3; i++) {
                tried.add(fail().uri);
            }
            assertThat(tried).containsExactlyInAnyOrderElementsOf(URIS);
        }
        ServerList.Choice choice = servers.choose();
        servers.served(choice);
        assertThat(servers.choose().uri()).isEqualTo(choice.uri());
    }

    @Test
    void returnsToTheServerOnceItSaysThatItIsReady() {
        ServerList.Server first = fail();
        assertThat(servers.dueToBeAsked()).as("at once").isNull();
        pass(2);
        assertThat(servers.dueToBeAsked()).isSameAs(first);
        assertThat(servers.dueToBeAsked()).as("while it is being asked").isNull();
        servers.asked(first, true);

        assertThat(servers.choose().server()).isSameAs(first);
    }

    @Test
    void serverThatIsNotReadyIsAskedLessAndLessOftenButNeverForgotten() {
        ServerList.Server first = fail();
        for (int failures = 1; failures < 20; failures++) {
            pass(1L << Math.min(failures, 5));
            pass(5);
            assertThat(servers.dueToBeAsked()).isSameAs(first);
            servers.asked(first, false);
        }
        pass(20);
        assertThat(servers.dueToBeAsked()).as("after 20 s").isNull();
        pass(17);
        assertThat(servers.dueToBeAsked()).as("after 37 s").isSameAs(first);
    }

    @Test
    void serverThatSaysItIsReadyAndServesNothingIsComeBackToLessAndLessOften() {
        ServerList.Server first = fail();
        pass(2);
        servers.asked(servers.dueToBeAsked(), true);
        assertThat(fail()).isSameAs(first);
        pass(1);
        assertThat(servers.dueToBeAsked()).as("after 1 s the second time").isNull();
        pass(2);
        assertThat(servers.dueToBeAsked()).isSameAs(first);
    }
}
