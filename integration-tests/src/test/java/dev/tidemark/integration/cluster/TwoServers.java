package dev.tidemark.integration.cluster;

import static org.awaitility.Awaitility.await;

import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.WireClient;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.Metrics;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A second server beside a {@link RunningServer}, over the same database; registered after it. Both know of each other when tests begin. */
final class TwoServers implements BeforeAllCallback, AfterAllCallback {
    private final RunningServer first;
    private final List<String> flags;
    private @Nullable Server second;

    TwoServers(RunningServer first, String... flags) {
        this.first = first;
        this.flags = List.of(flags);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        second = start(first.jdbcUrl(), flags);
        await().until(() -> first.meter("tidemark_cluster_servers") == 2);
    }

    static Server start(String jdbcUrl, List<String> flags) {
        List<String> all = new ArrayList<>(flags);
        all.addAll(List.of("--http-port", "0", "--jdbc-url", jdbcUrl));
        return Server.start(ServerConfig.read(all, Map.of()));
    }

    private Server second() {
        if (second == null) {
            throw new IllegalStateException("register the servers in static fields");
        }
        return second;
    }

    URI secondUri() {
        return second().address();
    }

    HttpApi secondHttp() {
        return new HttpApi(this::secondUri);
    }

    /** A meter of the second server. */
    double secondMeter(String name) {
        return Metrics.value(secondHttp().getText("/metrics"), name, "");
    }

    WireClient onFirst(Door door) {
        return (WireClient) first.client(door);
    }

    WireClient onSecond(Door door) {
        return door == Door.JSON
                ? new dev.tidemark.integration.door.JsonClient(secondHttp())
                : new dev.tidemark.integration.door.BinaryClient(secondHttp());
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (second != null) {
            second.close();
        }
    }
}
