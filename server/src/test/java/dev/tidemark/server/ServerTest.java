package dev.tidemark.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ServerTest {
    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void servesWhatItSaysAndStopsWithoutLeavingConnections() throws Exception {
        URI address;
        try (Server server = Server.start(config())) {
            address = server.address();
            assertThat(get(address, "/health/ready").statusCode()).isEqualTo(200);
            assertThat(get(address, "/v1/cluster").body()).contains("\"cluster_id\"", address.toString());
            assertThat(get(address, "/metrics").body())
                    .contains("hikaricp_connections_active", "jvm_memory_used_bytes", "tidemark_");
            assertThat(server.startSteps())
                    .matches(
                            "connect_ms=\\d+ migrate_ms=\\d+ record_log_ms=\\d+ http_ms=\\d+ join_ms=\\d+ total_ms=\\d+");
            assertThat(Welcome.text(server)).contains(address.toString()).doesNotContain("password");
        }
        assertThatThrownBy(() -> get(address, "/health/live")).isInstanceOf(IOException.class);
        // PostgreSQL needs a moment to see that a connection is gone.
        await().untilAsserted(() -> assertThat(connectionsOfServers()).isZero());
    }

    @Test
    void stopAnswersFetchesThatWait() throws Exception {
        CompletableFuture<HttpResponse<String>> fetch;
        try (Server server = Server.start(config())) {
            post(server.address(), "/v1/topics", "{\"name\":\"quiet\"}");
            fetch = client.sendAsync(
                    request(server.address(), "/v1/topics/quiet/partitions/0/records?offset=0&max_wait_ms=30000")
                            .build(),
                    BodyHandlers.ofString());
            // Over the same pool of connections: once this is answered, the fetch before it has been taken up.
            get(server.address(), "/v1/topics/quiet");
        }
        assertThat(fetch.join().statusCode()).isEqualTo(200);
    }

    @Test
    void restartFindsTheTopics() throws Exception {
        try (Server server = Server.start(config())) {
            post(server.address(), "/v1/topics", "{\"name\":\"kept\"}");
        }
        try (Server server = Server.start(config())) {
            assertThat(get(server.address(), "/v1/topics").body()).contains("kept");
        }
    }

    @Test
    void portInUseIsOneLineAndLeavesNothingOpen() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ServerConfig config = config("--http-port=" + taken.getLocalPort());
            assertThatThrownBy(() -> Server.start(config))
                    .isInstanceOf(StartException.class)
                    .hasMessageStartingWith("cannot listen on 127.0.0.1:" + taken.getLocalPort())
                    .hasMessageNotContaining("\n");
        }
        // PostgreSQL needs a moment to see that a connection is gone.
        await().untilAsserted(() -> assertThat(connectionsOfServers()).isZero());
    }

    @Test
    void databaseThatRefusesIsOneLineWithoutThePassword() {
        String wrong = database.jdbcUrl().replaceFirst("password=[^&]*", "password=wr0ng");
        assertThat(serve("--jdbc-url=" + wrong))
                .startsWith("1 tidemark: cannot use PostgreSQL at jdbc:postgresql://")
                .contains("authentication failed")
                .doesNotContain("wr0ng");
    }

    @Test
    void databaseThatIsNotThereIsWaitedForAndThenOneLine() {
        assertThat(serve("--jdbc-url=jdbc:postgresql://127.0.0.1:1/none", "--db-start-timeout-ms=200"))
                .startsWith("1 tidemark: cannot use PostgreSQL at jdbc:postgresql://127.0.0.1:1/none: ");
    }

    @Test
    void brokenTokensFileIsOneLineThatNamesFileAndLine() throws IOException, SQLException {
        Path file = Files.writeString(folder.resolve("tokens"), "# ours\nprincipal=me");
        assertThat(serve("--tokens-file=" + file, "--jdbc-url=" + database.jdbcUrl()))
                .isEqualTo("1 tidemark: " + file + ", line 2: has no allow=" + System.lineSeparator());
        assertThat(connectionsOfServers()).isZero();
    }

    @Test
    void missingCertificateIsOneLineThatNamesTheFile() {
        assertThat(serve("--tls-keystore-file=/no/such.p12", "--jdbc-url=" + database.jdbcUrl()))
                .startsWith("1 tidemark: /no/such.p12: there is no such file");
    }

    @Test
    void illegalSettingIsWrongUsage() {
        assertThat(serve("--http-port=x")).startsWith("2 tidemark: --http-port=x: must be");
    }

    /** Exit code and what was said on standard error, which is to be one line. */
    private static String serve(String... flags) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int exitCode = Main.serve(List.of(flags), Map.of(), System.out, new PrintStream(said, true, UTF_8));
        assertThat(said.toString(UTF_8).lines()).hasSize(1);
        return exitCode + " " + said.toString(UTF_8);
    }

    private static ServerConfig config(String... flags) {
        return ServerConfig.read(
                List.of(flags.length == 0 ? new String[] {"--http-port=0"} : flags),
                Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl()));
    }

    private static int connectionsOfServers() throws SQLException {
        try (Connection connection = database.connect();
                ResultSet count = connection
                        .createStatement()
                        .executeQuery("select count(*) from pg_stat_activity where application_name = 'tidemark-server'"
                                + " and datname = current_database()")) {
            count.next();
            return count.getInt(1);
        }
    }

    private static HttpRequest.Builder request(URI address, String path) {
        return HttpRequest.newBuilder(address.resolve(path));
    }

    private HttpResponse<String> get(URI address, String path) throws IOException, InterruptedException {
        return client.send(request(address, path).build(), BodyHandlers.ofString());
    }

    private void post(URI address, String path, String body) throws IOException, InterruptedException {
        HttpRequest post = request(address, path)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(201);
    }
}
