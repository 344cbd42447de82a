package dev.tidemark.integration.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.server.RunningServer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class MetricsPageTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @Test
    void everyMetricOfAServerIsOnThePageAndNoOther() {
        Set<String> exposed = ExposedMetrics.names(server);
        Set<String> described = MetricsPage.read().names();

        List<String> undescribed = exposed.stream()
                .filter(metric -> described.stream().noneMatch(row -> MetricsPage.covers(row, metric)))
                .toList();
        assertThat(undescribed)
                .as(
                        "metrics that /metrics shows and the section Metrics of %s does not describe: give each a row there with what it means, its unit, and when to worry",
                        MetricsPage.FILE)
                .isEmpty();
        List<String> unknown = described.stream()
                .filter(row -> exposed.stream().noneMatch(metric -> MetricsPage.covers(row, metric)))
                .toList();
        assertThat(unknown)
                .as(
                        "rows of the section Metrics of %s for which a running server has no metric: take them out, or let ExposedMetrics.doABitOfEverything cause them",
                        MetricsPage.FILE)
                .isEmpty();
    }

    @Test
    void everyRowSaysWhatWhichUnitAndWhenToWorry() {
        assertThat(MetricsPage.read().names()).isNotEmpty();
        assertThat(MetricsPage.read().incompleteRows())
                .as(
                        "rows of the section Metrics of %s that lack a cell: | `name` | unit | what it means | when to worry |",
                        MetricsPage.FILE)
                .isEmpty();
    }

    /** What callers choose is no label, topics, request ids, paths: but of groups that there are, and their topics, up to a bound. */
    @Test
    void labelsAreFew() {
        for (int i = 0; i < 30; i++) {
            server.http().request("/v1/topics/no-such-topic-" + i);
        }
        ExposedMetrics.names(server);

        assertThat(server.http().getText("/metrics")).doesNotContain("no-such-topic", RunningServer.newName());
    }
}
