package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is sent, the answer is a problem with a name, the mistake is the caller's, and the server serves on. */
@Timeout(120)
class HostileRequestsTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private static final String POST =
            "POST /v1/topics/%s/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    @AfterEach
    void theServerServesOn() {
        assertThat(server.get("/health/live").status()).isEqualTo(200);
        String metrics = new String(server.exchange(server.request("/metrics")).body(), StandardCharsets.UTF_8);
        assertThat(metrics).contains("tidemark_http_body_bytes 0.0").doesNotContain("UNKNOWN_SERVER_ERROR");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /",
        "GET, /v1",
        "GET, /v1/topics//records",
        "GET, /v1/groups/a/b",
        "POST, /v2/topics",
        "GET, /v1/topics/a/b/c/d",
        "GET, /index.html",
        "BREW, /coffee"
    })
    void anUnknownPathIsNoResource(String method, String path) {
        String answer =
                server.raw(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 404 ").contains("application/problem+json", "RESOURCE_NOT_FOUND");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PUT | /v1/topics | GET, POST, HEAD",
                "DELETE | /v1/topics | GET, POST, HEAD",
                "POST | /v1/topics/x | GET, PATCH, DELETE, HEAD",
                "GET | /v1/topics/x/records | POST",
                "POST | /health/live | GET, HEAD",
                "GET | /v1/fetch | POST",
                "BREW | /v1/fetch | POST",
                "OPTIONS | /v1/producers | POST"
            })
    void aKnownPathSaysItsMethods(String method, String path, String allowed) {
        String answer =
                server.raw(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 405 ").contains("Allow: " + allowed + "\r\n", "INVALID_REQUEST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GARBAGE\r\n\r\n",
                "GET /v1/topics/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/topics/a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/topics/%c3%28 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/topics HTTP/1.1\r\n\r\n",
                "GET /v1/topics HTTP/3.7\r\nHost: x\r\n\r\n",
                "POST /v1/topics HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                "POST /v1/topics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "POST /v1/topics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
                "POST /v1/topics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n{}",
                "POST /v1/topics HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
            })
    void whatIsNoHttpIsRefusedAsTheCallersMistake(String request) {
        String answer = server.raw(request, new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("application/problem+json", "INVALID_REQUEST");
    }

    @Test
    void aMethodInDisguiseIsNotFollowed() {
        String topic = server.newTopic();

        Answer refused = server.get("/v1/topics/" + topic, "X-HTTP-Method-Override", "DELETE");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(server.get("/v1/topics/" + topic).status()).isEqualTo(200);
    }

    @Test
    void headsThatAreTooLongAreRefused() {
        assertThat(server.raw("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", new byte[0]))
                .startsWith("HTTP/1.1 414 ")
                .contains("INVALID_REQUEST");
        assertThat(server.raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + "a".repeat(20_000) + "\r\n\r\n", new byte[0]))
                .startsWith("HTTP/1.1 431 ")
                .contains("INVALID_REQUEST");
    }

    @Test
    void aBodyThatIsCutOffIsRefused() {
        String declared = server.raw(post("Content-Length: 100"), "{\"records\":[".getBytes(StandardCharsets.UTF_8));
        String chunked =
                server.raw(post("Transfer-Encoding: chunked"), "ff\r\n{\"records\":[".getBytes(StandardCharsets.UTF_8));

        assertThat(declared).startsWith("HTTP/1.1 400 ").contains("cut off after 12 of 100 bytes");
        assertThat(chunked).startsWith("HTTP/1.1 400 ").contains("cut off after 12 bytes");
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedByItsLengthAlone() {
        String answer = server.raw(post("Content-Length: 99999999999"), new byte[0]);

        assertThat(answer)
                .startsWith("HTTP/1.1 413 ")
                .contains("MESSAGE_TOO_LARGE", "99999999999 bytes", "2097152 bytes");
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedWhileItComes() {
        byte[] body = new byte[RunningServer.MAX_REQUEST_BYTES + RunningServer.MAX_REQUEST_BYTES / 2];
        InputStream endless = new SequenceInputStream(new ByteArrayInputStream(body), InputStream.nullInputStream());

        Answer declared = send(BodyPublishers.ofByteArray(body));
        Answer chunked = send(BodyPublishers.ofInputStream(() -> endless));

        assertThat(declared.status()).isEqualTo(413);
        assertThat(chunked.status()).isEqualTo(413);
        assertThat(chunked.error()).isEqualTo("MESSAGE_TOO_LARGE");
    }

    @Test
    void aBodyOfExactlyTheBoundIsRead() {
        String record = "{\"records\":[{\"value\":\"\"}]";
        String padded = record + " ".repeat(RunningServer.MAX_REQUEST_BYTES - record.length() - 1) + "}";

        assertThat(send(BodyPublishers.ofString(padded)).status()).isEqualTo(200);
        assertThat(send(BodyPublishers.ofInputStream(
                                () -> new ByteArrayInputStream(padded.getBytes(StandardCharsets.UTF_8))))
                        .status())
                .isEqualTo(200);
        assertThat(send(BodyPublishers.ofInputStream(
                                () -> new ByteArrayInputStream((padded + " ").getBytes(StandardCharsets.UTF_8))))
                        .status())
                .isEqualTo(413);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/json; charset=iso-8859-1",
                "application/vnd.tidemark.records.v2",
                "application/",
                ";;;"
            })
    void aContentTypeThatIsNotReadIsSaid(String contentType) {
        Answer refused = server.send(server.request("/v1/topics/" + server.newTopic() + "/records")
                .header("Content-Type", contentType)
                .POST(BodyPublishers.ofString("{\"records\":[{}]}")));

        assertThat(refused.status()).isEqualTo(415);
        assertThat(refused.error()).isEqualTo("UNSUPPORTED_MEDIA_TYPE");
        assertThat(refused.detail()).contains(contentType, "application/json");
    }

    @Test
    void aCompressedBodyIsNotRead() {
        Answer refused = server.post("/v1/topics", "{}", "Content-Encoding", "gzip");

        assertThat(refused.status()).isEqualTo(415);
        assertThat(refused.detail()).contains("gzip");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"application/json", "application/json;charset=UTF-8", "Application/JSON; charset=\"utf-8\"; x=y"
            })
    void jsonMaySayItsCharset(String contentType) {
        Answer answer = server.send(server.request("/v1/topics/" + server.newTopic() + "/records")
                .header("Content-Type", contentType)
                .POST(BodyPublishers.ofString("{\"records\":[{}]}")));

        assertThat(answer.status()).isEqualTo(200);
    }

    @Test
    void nestingThatNeverEndsIsRefused() {
        String deep = "{\"records\":[{\"value\":" + "[".repeat(20_000) + "]".repeat(20_000) + "}]}";

        assertThat(send(BodyPublishers.ofString(deep)).error()).isEqualTo("INVALID_REQUEST");
        assertThat(server.post("/v1/topics", "[".repeat(20_000)).error()).isEqualTo("INVALID_REQUEST");
        assertThat(server.post("/v1/fetch", "{\"partitions\":" + "{\"a\":".repeat(20_000))
                        .error())
                .isEqualTo("INVALID_REQUEST");
    }

    @Test
    void nestingDeeperThanPostgresqlShouldReadIsARecordsFault() {
        String topic = server.newTopic("\"configs\":{\"value.type\":\"json\"}");
        String deep = "{\"records\":[{},{\"value\":" + "[".repeat(513) + "]".repeat(513) + "}]}";

        Answer refused = server.post("/v1/topics/" + topic + "/records", deep);

        assertThat(refused.error()).isEqualTo("INVALID_RECORD");
        assertThat(refused.json().at("/record_errors/0/index").asInt()).isEqualTo(1);
    }

    @Test
    void brokenUtf8AndNulAreRefusedWithTheirPlace() {
        byte[] broken = "{\"records\":[{\"value\":\"é\"}]}".getBytes(StandardCharsets.ISO_8859_1);
        byte[] utf16 = "{\"records\":[{}]}".getBytes(StandardCharsets.UTF_16);

        assertThat(send(BodyPublishers.ofByteArray(broken)).detail()).contains("no valid UTF-8 at byte 22 (0xE9)");
        assertThat(send(BodyPublishers.ofByteArray(utf16)).error()).isEqualTo("INVALID_REQUEST");
        assertThat(send(BodyPublishers.ofString("{\"records\":[{\"value\":\"a\u0000\"}]}"))
                        .detail())
                .contains("a NUL at byte 23");
    }

    @ParameterizedTest
    @ValueSource(strings = {"'; drop schema tidemark cascade; --", "a\"b", "a/b", "$1", "%s", "..", "é", "x y"})
    void namesThatAreNoneFindNothing(String name) {
        String path = "/v1/topics/"
                + java.net.URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");

        assertThat(server.get(path).status()).isIn(400, 404);
        assertThat(server.delete(path).status()).isIn(400, 404, 405);
        assertThat(server.post(path + "/records", "{\"records\":[{}]}").status())
                .isIn(400, 404);
    }

    private static Answer send(java.net.http.HttpRequest.BodyPublisher body) {
        return server.send(server.request("/v1/topics/" + server.newTopic() + "/records")
                .header("Content-Type", "application/json")
                .POST(body));
    }

    private static String post(String header) {
        return String.format(POST, server.newTopic()) + header + "\r\n\r\n";
    }
}
