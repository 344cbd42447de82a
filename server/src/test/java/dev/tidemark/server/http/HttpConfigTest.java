package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HttpConfigTest {
    @Test
    void theDefaultsAreBoundedByTheHeapToo() {
        HttpConfig config = HttpConfig.listeningOn("127.0.0.1", 8080);
        long heap = Runtime.getRuntime().maxMemory();

        assertThat(config)
                .isEqualTo(new HttpConfig(
                        "127.0.0.1",
                        8080,
                        16 << 20,
                        config.bodyBudgetBytes(),
                        config.answerBudgetBytes(),
                        config.maxFetchPositions(),
                        config.maxConnections(),
                        200,
                        Duration.ofSeconds(60),
                        new Pace(Duration.ofSeconds(30), 16 << 10),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10)));
        assertThat(config.bodyBudgetBytes()).isBetween(48L << 20, Math.min(128L << 20, Math.max(48L << 20, heap / 8)));
        assertThat(config.answerBudgetBytes()).isBetween(1L << 20, Math.min(128L << 20, heap / 8));
        assertThat(config.maxFetchPositions()).isEqualTo((int) Math.max(20_000, heap / 2048));
        assertThat(config.maxConnections()).isBetween(100, 10_000);
    }

    @Test
    void combinationsThatCannotBeAreRefused() {
        HttpConfig config = HttpConfig.listeningOn("127.0.0.1", 0);

        assertThatThrownBy(() -> HttpConfig.listeningOn(" ", 0)).hasMessageContaining("host");
        assertThatThrownBy(() -> HttpConfig.listeningOn("localhost", 65_536)).hasMessageContaining("65535");
        assertThatThrownBy(() -> config.withMaxRequestBytes(100)).hasMessageContaining("1 KiB");
        assertThatThrownBy(() -> with(2000, 1999, 1, 8, 1)).hasMessageContaining("at least one request");
        assertThatThrownBy(() -> with(2000, 2000, 0, 8, 1)).hasMessageContaining("connection");
        assertThatThrownBy(() -> with(2000, 2000, 1, 7, 1)).hasMessageContaining("threads");
        assertThatThrownBy(() -> with(2000, 2000, 1, 8, 0)).hasMessageContaining("idle timeout");
    }

    private static HttpConfig with(int request, long budget, int connections, int threads, int idleSeconds) {
        return new HttpConfig(
                "localhost",
                0,
                request,
                budget,
                1,
                20_000,
                connections,
                threads,
                Duration.ofSeconds(idleSeconds),
                Pace.DEFAULT,
                Duration.ofSeconds(1),
                Duration.ZERO);
    }
}
