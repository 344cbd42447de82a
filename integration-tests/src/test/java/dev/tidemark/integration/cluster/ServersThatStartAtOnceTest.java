package dev.tidemark.integration.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.server.Server;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ServersThatStartAtOnceTest {
    private static final int SERVERS = 3;
    private static final int ROUNDS = 3;

    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    private final ExecutorService threads = Executors.newFixedThreadPool(SERVERS);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void allOfThemMigrateAndServe() throws SQLException {
        for (int round = 0; round < ROUNDS; round++) {
            List<CompletableFuture<Server>> starting = Stream.generate(() -> CompletableFuture.supplyAsync(
                            () -> TwoServers.start(database.jdbcUrl(), List.of("--db-pool-size=5")), threads))
                    .limit(SERVERS)
                    .toList();
            List<Server> servers =
                    starting.stream().map(CompletableFuture::join).toList();
            try {
                assertServeTheSame(servers);
            } finally {
                servers.forEach(Server::close);
            }
            try (Connection connection = database.connect()) {
                connection
                        .createStatement()
                        .execute(
                                "drop schema tidemark cascade; drop schema topic cascade; drop schema tidemark_internal cascade");
            }
        }
    }

    private static void assertServeTheSame(List<Server> servers) {
        List<JsonClient> clients = servers.stream()
                .map(server -> new JsonClient(new HttpApi(server::address)))
                .toList();
        clients.get(0).createTopic("t", 1, Map.of());
        clients.forEach(client -> client.produce("t", Message.of("v")));
        clients.forEach(client -> assertThat(client.read("t", 0, 0, SERVERS)).hasSize(SERVERS));
        assertThat(new HttpApi(servers.get(0)::address).get("/v1/cluster").get("servers"))
                .hasSize(SERVERS);
    }
}
