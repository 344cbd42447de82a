package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP as few clients speak it, and as none should. */
@Timeout(120)
class HostileConnectionsTest {
    private static final String RECORD = "{\"records\":[{\"value\":\"x\"}]}";

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    @Test
    void http10IsAnsweredAndTheConnectionClosed() {
        try (RawClient client = new RawClient(server)) {
            String answer = client.send("GET /health/live HTTP/1.0\r\n\r\n").readToEnd();

            assertThat(answer).startsWith("HTTP/1.1 200 ").contains("\"live\"");
        }
    }

    @Test
    void aBodyOverHttp10EndsWithItsLength() {
        try (RawClient client = new RawClient(server)) {
            String answer = client.send(
                            "POST " + records() + " HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: "
                                    + RECORD.length() + "\r\n\r\n" + RECORD)
                    .readToEnd();

            assertThat(answer).startsWith("HTTP/1.1 200 ").contains("\"offset\":0");
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInTheirOrder() {
        String path = records();
        try (RawClient client = new RawClient(server)) {
            String post = post(path, "Content-Length: " + RECORD.length()) + RECORD;
            client.send(post + "GET /no/such/path HTTP/1.1\r\nHost: x\r\n\r\n" + post);

            assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 ").contains("\"offset\":0");
            assertThat(client.readAnswer()).startsWith("HTTP/1.1 404 ").contains("RESOURCE_NOT_FOUND");
            assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 ").contains("\"offset\":1");
        }
    }

    @Test
    void aRefusedBodyDoesNotSpoilTheConnectionForTheNextRequest() {
        try (RawClient client = new RawClient(server)) {
            client.send(post("/v1/topics/nothing/records", "Content-Length: " + RECORD.length()) + RECORD)
                    .send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");

            assertThat(client.readAnswer()).startsWith("HTTP/1.1 404 ").contains("UNKNOWN_TOPIC_OR_PARTITION");
            assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 ").contains("live");
        }
    }

    @Test
    void norDoesOneThatIsStillUnderWay() {
        String half = "x".repeat(50_000);
        for (String header : List.of("Accept: */*", "Content-Encoding: gzip", "Content-Type: text/plain")) {
            try (RawClient client = new RawClient(server)) {
                client.send(post("/v1/topics/nothing/records", header + "\r\nContent-Length: 100000"))
                        .send(half)
                        .send(half)
                        .send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");

                assertThat(client.readAnswer()).startsWith("HTTP/1.1 4");
                assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 ").contains("live");
            }
        }
    }

    @Test
    void whoAsksForLeaveToSendGetsItWhenTheRequestIsLegal() {
        try (RawClient client = new RawClient(server)) {
            client.send(post(records(), "Expect: 100-continue\r\nContent-Length: " + RECORD.length()));

            assertThat(client.readAnswer()).startsWith("HTTP/1.1 100 ");
            assertThat(client.send(RECORD).readAnswer())
                    .startsWith("HTTP/1.1 200 ")
                    .contains("\"offset\":0");
        }
    }

    @Test
    void whoAsksForLeaveToSendIsRefusedBeforeSending() {
        try (RawClient unknown = new RawClient(server);
                RawClient tooLarge = new RawClient(server)) {
            unknown.send(post("/v1/topics/nothing/records", "Expect: 100-continue\r\nContent-Length: 5"));
            tooLarge.send(post(records(), "Expect: 100-continue\r\nContent-Length: 99999999"));

            assertThat(unknown.readAnswer()).startsWith("HTTP/1.1 404 ").contains("UNKNOWN_TOPIC_OR_PARTITION");
            assertThat(tooLarge.readAnswer()).startsWith("HTTP/1.1 413 ").contains("MESSAGE_TOO_LARGE");
        }
    }

    @Test
    void anAbsoluteTargetIsServedAsItsPath() {
        try (RawClient client = new RawClient(server)) {
            client.send("GET http://x/health/live HTTP/1.1\r\nHost: x\r\n\r\n");

            assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 ").contains("live");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/topics/a%2fb",
                "/v1/topics/a%00",
                "/v1/topics/%2e%2e/cluster",
                "/v1//topics",
                "/v1/topics/a;b=c",
                "/v1/topics/a%5cb",
                "*",
                "/v1/topics/\u00ff",
                "/v1/topics?\u00ff=1",
                "/v1/topics/%ff%fe"
            })
    void aPathThatMeansSomethingElseToSomebodyElseIsRefused(String path) {
        String answer = server.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", new byte[0]);

        assertThat(answer)
                .as(path)
                .matches("(?s)HTTP/1.1 40[04] .*")
                .contains("application/problem+json", "\"error\":\"", "\"detail\":\"", "\"request_id\":\"");
    }

    @Test
    void tooManyHeadersAreRefused() {
        String answer = server.raw(
                "GET /health/live HTTP/1.1\r\nHost: x\r\n" + "X-Some: thing\r\n".repeat(2000) + "\r\n", new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 431 ").contains("application/problem+json", "INVALID_REQUEST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello",
                "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
                "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost: x\r\n folded: header\r\nContent-Length: 0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost : x\r\nContent-Length: 0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\nContent-Length: 0\r\n\r\n",
                "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
            })
    void whatSmugglersSendIsRefused(String request) {
        String answer = server.raw(String.format(request, "/v1/topics/any/records"), new byte[0]);

        assertThat(answer)
                .startsWith("HTTP/1.1 4")
                .contains("application/problem+json", "\"error\":\"", "\"detail\":\"");
    }

    @Test
    void aNameNotFitToPrintIsNotPrinted() {
        String answer = server.raw(
                "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + "a".repeat(129)
                        + "\r\nConnection: close\r\n\r\n",
                new byte[0]);

        assertThat(answer)
                .startsWith("HTTP/1.1 200 ")
                .contains("X-Request-Id: ")
                .doesNotContain("aaaa");
    }

    private static String records() {
        return "/v1/topics/" + server.newTopic() + "/records";
    }

    private static String post(String path, String headers) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + "\r\n\r\n";
    }
}
