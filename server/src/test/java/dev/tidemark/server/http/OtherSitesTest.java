package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.access.Access;
import dev.tidemark.server.access.TokensFile;
import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What browsers send for web pages to a server that asks nobody for a token, or not everybody. */
class OtherSitesTest {
    private static final FileWatch watch = new FileWatch(Duration.ofSeconds(10));
    private static String token = "";

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server =
            new RunningServer(database, HttpConfig.listeningOn("127.0.0.1", 0), OtherSitesTest::tokensAndEverybodyElse);

    private static Access tokensAndEverybodyElse() {
        try {
            Path file = Files.createTempFile("tidemark", ".tokens");
            file.toFile().deleteOnExit();
            token = TokensFile.addToken(file, "page", "write", null);
            return Access.byTokens(file, true, watch, new SimpleMeterRegistry());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    static void stopWatching() {
        watch.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site",
                "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost:8080",
                "Origin: https://elsewhere.example",
                "Origin: http://localhost",
                "Origin: http://localhost:8081",
                "Origin: https://localhost.elsewhere.example:8080",
                "Origin: http://elsewhere.example\r\nX-Forwarded-Host: localhost:8080",
                "Origin: null",
                "Origin: localhost:8080",
                "Origin: "
            })
    void aPageOfAnotherSiteMayNotWrite(String headers) {
        String topic = server.newTopic();
        for (String request : List.of(
                "POST /v1/topics/" + topic + "/records",
                "POST /v1/topics",
                "POST /v1/records",
                "POST /v1/cluster/leader-epochs",
                "POST /v1/groups/g/offsets/reset",
                "DELETE /v1/topics/" + topic)) {
            assertThat(ask(request, "Host: localhost:8080\r\n" + headers))
                    .as(request)
                    .startsWith("HTTP/1.1 403 ")
                    .contains("CLUSTER_AUTHORIZATION_FAILED", "web page of another site", headers.substring(0, 6));
        }
    }

    @Test
    void aPageOfAnotherSiteThatSendsWithoutATypeLeavesNothingBehind() {
        String topic = server.newTopic();

        // As fetch(…, {method: "POST", mode: "no-cors", body: new Blob([…])}) does.
        ask("POST /v1/topics/" + topic + "/records", "Host: localhost:8080\r\nOrigin: https://elsewhere.example");

        assertThat(server.get("/v1/topics/" + topic + "/partitions/0/records?offset=earliest")
                        .json()
                        .path("records"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: localhost:8080",
                "Host: localhost:8080\r\nOrigin: http://localhost:8080",
                "Host: LOCALHOST:8080\r\nOrigin: http://localhost:8080",
                "Host: [::1]:8080\r\nOrigin: http://[::1]:8080",
                "Host: log.example\r\nOrigin: http://log.example",
                "Host: log.example:80\r\nOrigin: http://log.example",
                "Host: log.example\r\nOrigin: https://log.example",
                "Host: 10.0.0.7:8080\r\nOrigin: https://log.example\r\nX-Forwarded-Host: log.example",
                "Host: 10.0.0.7:8080\r\nOrigin: https://log.example\r\nX-Forwarded-Host: log.example, 10.0.0.6",
                "Host: 10.0.0.7:8080\r\nOrigin: https://log.example\r\nSec-Fetch-Site: same-origin",
                "Host: localhost:8080\r\nSec-Fetch-Site: same-origin",
                "Host: localhost:8080\r\nSec-Fetch-Site: none"
            })
    void pagesOfItsOwnAddressMayAndWhoeverIsNoBrowser(String headers) {
        assertThat(ask("POST /v1/topics/" + server.newTopic() + "/records", headers))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void whoeverShowsATokenMayFromAnywhere() {
        assertThat(ask(
                        "POST /v1/topics/" + server.newTopic() + "/records",
                        "Host: x\r\nOrigin: https://elsewhere.example\r\nSec-Fetch-Site: cross-site\r\nAuthorization: Bearer "
                                + token))
                .startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD"})
    void aLinkFromAnotherSiteMayBeFollowed(String method) {
        assertThat(server.raw(
                        method + " /v1/topics HTTP/1.1\r\nHost: localhost:8080\r\nSec-Fetch-Site: cross-site\r\n"
                                + "Origin: https://elsewhere.example\r\nConnection: close\r\n\r\n",
                        new byte[0]))
                .startsWith("HTTP/1.1 200 ")
                .doesNotContain("Access-Control-Allow");
    }

    private static String ask(String request, String headers) {
        byte[] body = "{\"records\":[{\"value\":\"x\"}]}".getBytes(StandardCharsets.UTF_8);
        return server.raw(
                request + " HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\nContent-Length: " + body.length
                        + "\r\n\r\n",
                body);
    }
}
