package dev.tidemark.integration.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.integration.server.RunningServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code docs/grafana/tidemark.json} asks only for what a server has. */
class DashboardTest {
    private static final Path FILE = Path.of("..", "docs", "grafana", "tidemark.json");

    /** A name in a query that no parenthesis follows, which would make it a function; and not one of PromQL's words, nor a label. */
    private static final Pattern NAME =
            Pattern.compile("(?<![\\w\"$])((?:tidemark|jvm|process|system|hikaricp|logback)_\\w+)");

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private static JsonNode dashboard;

    @BeforeAll
    static void read() throws IOException {
        dashboard = new ObjectMapper().readTree(FILE.toFile());
    }

    @Test
    void everyQueryAsksForMetricsThatThereAre() {
        Set<String> exposed = ExposedMetrics.names(server);
        Set<String> asked = new TreeSet<>();
        for (String query : queries()) {
            Matcher names = NAME.matcher(query);
            while (names.find()) {
                asked.add(names.group(1));
            }
        }

        assertThat(asked).hasSizeGreaterThan(10);
        assertThat(asked.stream().filter(name -> !isExposed(name, exposed)))
                .as("metrics that docs/grafana/tidemark.json asks for and no server has: change its queries")
                .isEmpty();
    }

    private static boolean isExposed(String series, Set<String> exposed) {
        return exposed.contains(series) || exposed.contains(series.replaceFirst("_(bucket|count|sum|max)$", ""));
    }

    @Test
    void everyPanelHasATitleADescriptionAUnitAndAQuery() {
        assertThat(panels()).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.path("title").asText()).isNotBlank();
            assertThat(panel.path("description").asText())
                    .as(panel.path("title").asText())
                    .isNotBlank();
            assertThat(panel.at("/fieldConfig/defaults/unit").asText())
                    .as(panel.path("title").asText())
                    .isNotBlank();
            assertThat(panel.path("targets").size())
                    .as(panel.path("title").asText())
                    .isPositive();
        });
        assertThat(panels().stream().map(panel -> panel.path("id").asInt())).doesNotHaveDuplicates();
    }

    private static List<JsonNode> panels() {
        List<JsonNode> panels = new ArrayList<>();
        dashboard.path("panels").forEach(panel -> {
            if (!panel.path("type").asText().equals("row")) {
                panels.add(panel);
            }
        });
        return panels;
    }

    private static List<String> queries() {
        return dashboard.findValuesAsText("expr");
    }
}
