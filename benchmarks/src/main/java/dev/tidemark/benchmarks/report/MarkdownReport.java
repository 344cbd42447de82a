package dev.tidemark.benchmarks.report;

import dev.tidemark.benchmarks.contestant.Goal;
import dev.tidemark.benchmarks.contestant.Result;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The report for people: method, machine, goals, and a table for each group of contestants. */
public final class MarkdownReport {
    private MarkdownReport() {}

    public static String render(Report report) {
        StringBuilder text = new StringBuilder("# Benchmarks\n\n");
        text.append(method()).append('\n');
        text.append("## This run\n\n").append(facts(report)).append('\n');
        if (!report.outcomes().isEmpty()) {
            text.append("## Against the goals\n\n")
                    .append(goals(report.outcomes()))
                    .append('\n');
        }
        for (Map.Entry<String, List<Result>> group : groups(report.results()).entrySet()) {
            text.append("## ")
                    .append(group.getKey())
                    .append("\n\n")
                    .append(table(group.getValue()))
                    .append('\n');
        }
        return text.toString();
    }

    private static String method() {
        try (InputStream in = MarkdownReport.class.getResourceAsStream("method.md")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("method.md is not in the jar", e);
        }
    }

    private static String facts(Report report) {
        StringBuilder text = new StringBuilder();
        report.facts()
                .forEach((name, value) -> text.append("- ")
                        .append(name)
                        .append(": ")
                        .append(value)
                        .append('\n'));
        if (!report.postgresSettings().isEmpty()) {
            text.append("- PostgreSQL: ")
                    .append(report.postgresSettings().entrySet().stream()
                            .map(setting -> setting.getKey() + "=" + setting.getValue())
                            .collect(Collectors.joining(", ")))
                    .append('\n');
        }
        return text.toString();
    }

    private static String goals(List<Goal.Outcome> outcomes) {
        MarkdownTable table = new MarkdownTable("llrrrl", "quotient", "rival", "goal", "median", "min–max", "reached");
        for (Goal.Outcome outcome : outcomes) {
            table.add(
                    outcome.goal().text(),
                    outcome.rival(),
                    outcome.bound(),
                    Figures.number(outcome.ratio().median()),
                    Figures.range(outcome.ratio()),
                    outcome.reached() ? "yes" : "no");
        }
        return table.render();
    }

    private static Map<String, List<Result>> groups(List<Result> results) {
        Map<String, List<Result>> groups = new LinkedHashMap<>();
        for (Result result : results) {
            groups.computeIfAbsent(result.label().group(), g -> new ArrayList<>())
                    .add(result);
        }
        return groups;
    }

    private static String table(List<Result> group) {
        boolean latency = group.get(0).samples().stream().anyMatch(sample -> sample.latency() != null);
        return latency ? latencyTable(group) : rateTable(group);
    }

    private static String rateTable(List<Result> group) {
        MarkdownTable table = new MarkdownTable(
                "lrrrrrrrl",
                "",
                "records/s",
                "min–max",
                "client µs",
                "server µs",
                "PostgreSQL µs",
                "all µs",
                "log bytes",
                "settings");
        for (Result result : group) {
            table.add(
                    result.label().name(),
                    median(result, Sample::recordsPerSecond),
                    Figures.range(result.spread(Sample::recordsPerSecond)),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().client())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().server())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().postgres())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().total())),
                    median(result, Sample::logBytesPerRecord),
                    result.settings());
        }
        return table.render();
    }

    private static String latencyTable(List<Result> group) {
        MarkdownTable table = new MarkdownTable(
                "lrrrrrrrrl",
                "",
                "p50 ms",
                "min–max",
                "p99 ms",
                "min–max",
                "client µs",
                "server µs",
                "PostgreSQL µs",
                "all µs",
                "settings");
        for (Result result : group) {
            table.add(
                    result.label().name(),
                    median(result, latency(LatencyMs::p50)),
                    Figures.range(result.spread(latency(LatencyMs::p50))),
                    median(result, latency(LatencyMs::p99)),
                    Figures.range(result.spread(latency(LatencyMs::p99))),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().client())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().server())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().postgres())),
                    median(result, sample -> sample.microsPerRecord(sample.cpu().total())),
                    result.settings());
        }
        return table.render();
    }

    private static String median(Result result, ToDoubleFunction<Sample> figure) {
        return Figures.number(result.spread(figure).median());
    }

    private static ToDoubleFunction<Sample> latency(ToDoubleFunction<LatencyMs> figure) {
        return sample -> sample.latency() == null ? Double.NaN : figure.applyAsDouble(sample.latency());
    }
}
