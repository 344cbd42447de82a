package dev.tidemark.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrometheusTextTest {
    private static final String PAGE = """
            # TYPE tidemark_fetch_records_total counter
            tidemark_fetch_records_total{source="database"} 3.0
            tidemark_fetch_records_total{source="tail"} 1.2E7
            tidemark_fetch_bytes_total 99.0
            """;

    @Test
    void readsTheSeriesWithTheLabel() {
        assertThat(PrometheusText.sum(PAGE, "tidemark_fetch_records_total", "source", "tail"))
                .isEqualTo(12_000_000);
    }

    @Test
    void aSeriesThatIsNotThereIsZero() {
        assertThat(PrometheusText.sum(PAGE, "tidemark_fetch_records_total", "source", "disk"))
                .isZero();
    }
}
