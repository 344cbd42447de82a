package dev.tidemark.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.benchmarks.measure.LatencyMs;
import java.util.List;
import org.junit.jupiter.api.Test;

class ToolResultTest {
    @Test
    void isReadBackFromAmongOtherLines() {
        ToolResult result = new ToolResult(1000, 1.25);

        assertThat(ToolResult.parse(List.of("hello", result.line(), ""))).isEqualTo(result);
    }

    @Test
    void keepsItsLatency() {
        ToolResult result = new ToolResult(1000, 1, new LatencyMs(0.5, 2.25, 10));

        assertThat(ToolResult.parse(List.of(result.line()))).isEqualTo(result);
    }

    @Test
    void nothingIsNoResult() {
        assertThatThrownBy(() -> ToolResult.parse(List.of("hello"))).hasMessageContaining("no result");
        assertThatThrownBy(() -> ToolResult.parse(List.of("result records=1"))).hasMessageContaining("without seconds");
    }
}
