package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tidemark.server.testing.TestDatabase;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;

class FailureLogTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private final Logger logger = (Logger) LoggerFactory.getLogger(FailureLog.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @BeforeEach
    void listen() {
        logger.setLevel(ch.qos.logback.classic.Level.INFO);
        lines.start();
        logger.addAppender(lines);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(lines);
        logger.setLevel(null);
    }

    @Test
    void aRefusedRequestIsALineWithItsNameAndWithoutItsContent() {
        String topic = server.newTopic();
        server.post(
                "/v1/topics/" + topic + "/records",
                "{\"records\":[{\"timestamp\":\"my secret\"}]}",
                "X-Request-Id",
                "some-request");

        assertThat(lines.list).hasSize(1);
        ILoggingEvent line = lines.list.get(0);
        assertThat(line.getLevel()).hasToString("INFO");
        assertThat(line.getFormattedMessage())
                .contains(
                        "status=400",
                        "error=INVALID_TIMESTAMP",
                        "route=\"POST /v1/topics/{topic}/records\"",
                        "path=/v1/topics/" + topic + "/records")
                .doesNotContain("secret");
        assertThat(line.getMDCPropertyMap()).containsEntry("request_id", "some-request");
    }

    @Test
    void requestsThatSucceedAreNoLines() {
        server.newTopic();

        assertThat(lines.list).isEmpty();
    }

    @Test
    void aLineOfLogCannotBeForged() {
        server.raw("GET /no\"such=%0a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", new byte[0]);
        server.get("/no/such;level=ERROR");

        assertThat(lines.list)
                .allSatisfy(line -> assertThat(line.getFormattedMessage())
                        .doesNotContain("\n")
                        .containsPattern("path=[^ \"]* elapsed_ms="));
    }

    @Test
    void manyFailuresAreFewLines() {
        AtomicLong now = new AtomicLong();
        LineRate rate = new LineRate(now::get);
        for (int i = 0; i < LineRate.LINES_PER_SECOND; i++) {
            assertThat(rate.admit()).isZero();
        }
        assertThat(rate.admit()).isEqualTo(LineRate.LEFT_OUT);
        assertThat(rate.admit()).isEqualTo(LineRate.LEFT_OUT);

        now.addAndGet(TimeUnit.SECONDS.toNanos(1));

        assertThat(rate.admit()).isEqualTo(2);
        assertThat(rate.admit()).isZero();
    }
}
