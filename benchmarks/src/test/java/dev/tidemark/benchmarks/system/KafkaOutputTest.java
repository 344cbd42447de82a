package dev.tidemark.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.benchmarks.load.ToolResult;
import java.util.List;
import org.junit.jupiter.api.Test;

class KafkaOutputTest {
    @Test
    void theProducersLastSummaryCounts() {
        ToolResult result = KafkaOutput.produced(
                List.of(
                        "Reading payloads from: /x",
                        "150000 records sent, 30000.0 records/sec (2.86 MB/sec), 1.3 ms avg latency, 20.0 ms max latency.",
                        "200000 records sent, 50000.000000 records/sec (4.77 MB/sec), 1.2 ms avg latency, 20.0 ms max latency, 1 ms 50th."));

        assertThat(result).isEqualTo(new ToolResult(200_000, 4.0));
    }

    @Test
    void theConsumersTimeIsItsFetchTime() {
        ToolResult result = KafkaOutput.consumed(
                List.of(
                        "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec",
                        "2026-11-22 10:00:00:000, 2026-11-22 10:00:02:500, 95.3674, 38.1470, 1000000, 400000.0, 500, 2000, 47.6837, 500000.0"));

        assertThat(result).isEqualTo(new ToolResult(1_000_000, 2.0));
    }

    @Test
    void outputWithoutASummaryIsRefused() {
        assertThatThrownBy(() -> KafkaOutput.produced(List.of("x"))).hasMessageContaining("no summary");
        assertThatThrownBy(() -> KafkaOutput.consumed(List.of("x"))).hasMessageContaining("no summary");
    }
}
