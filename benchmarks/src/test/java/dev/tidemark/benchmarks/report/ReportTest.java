package dev.tidemark.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.benchmarks.contestant.Contestant.Label;
import dev.tidemark.benchmarks.contestant.Goal;
import dev.tidemark.benchmarks.contestant.Result;
import dev.tidemark.benchmarks.measure.CpuSeconds;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Result PRODUCED = new Result(
            new Label("produce/x", "Produce", "Tidemark"),
            "fsync on",
            List.of(
                    new Sample(1000, 0.5, new CpuSeconds(0.001, 0.002, Double.NaN), 144_000, null),
                    new Sample(1000, 1, new CpuSeconds(0.001, 0.002, Double.NaN), 144_000, null)));
    private static final Result TIMED = new Result(
            new Label("latency/x", "Latency", "Kafka"),
            "linger 0",
            List.of(new Sample(10, 1, new CpuSeconds(0, 0, 0), Double.NaN, new LatencyMs(0.5, 2, 3))));
    private static final Report REPORT = new Report(
            Map.of("machine", "2 cores"),
            Map.of("fsync", "on"),
            List.of(PRODUCED, TIMED),
            new Goal("x / y", "produce/x", List.of("produce/x"), Goal.Figure.RATE, 0.6)
                    .judge(Map.of("produce/x", PRODUCED)).stream().toList());

    @Test
    void markdownHasTheMethodAboveTheTables() {
        String text = MarkdownReport.render(REPORT);

        assertThat(text.indexOf("pair by pair")).isBetween(0, text.indexOf("## Against the goals"));
        assertThat(text).contains("- PostgreSQL: fsync=on");
    }

    @Test
    void markdownShowsRatesWithSpreadCpuAndLogBytes() {
        assertThat(MarkdownReport.render(REPORT).lines().filter(line -> line.contains("fsync on")))
                .singleElement()
                .asString()
                .matches(
                        "\\| Tidemark \\| +1,500 \\| 1,000–2,000 \\| +1.00 \\| +2.00 \\| +– \\| +3.00 \\| +144 \\| fsync on +\\|");
    }

    @Test
    void markdownShowsLatencyInATableOfItsOwn() {
        assertThat(MarkdownReport.render(REPORT).lines().filter(line -> line.startsWith("| Kafka")))
                .singleElement()
                .asString()
                .contains("0.50", "2.00", "linger 0");
    }

    @Test
    void jsonHoldsEverySampleAndNullForTheUnknown() throws Exception {
        JsonNode root = new ObjectMapper().readTree(JsonReport.render(REPORT));

        JsonNode samples = root.at("/results/0/samples");
        assertThat(samples).hasSize(2);
        assertThat(samples.at("/0/postgres_cpu_seconds").isNull()).isTrue();
        assertThat(root.at("/results/0/records_per_second_median").asDouble()).isEqualTo(1500);
        assertThat(root.at("/results/1/samples/0/p99_ms").asDouble()).isEqualTo(2);
        assertThat(root.at("/goals/0/reached").asBoolean()).isTrue();
    }
}
