package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HttpConfigTest {
    @Test
    void theDefaultsAreBounded() {
        assertThat(HttpConfig.listeningOn("127.0.0.1", 8080))
                .isEqualTo(new HttpConfig(
                        "127.0.0.1",
                        8080,
                        16 << 20,
                        128L << 20,
                        10_000,
                        200,
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10)));
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
                connections,
                threads,
                Duration.ofSeconds(idleSeconds),
                Duration.ofSeconds(1),
                Duration.ZERO);
    }
}
