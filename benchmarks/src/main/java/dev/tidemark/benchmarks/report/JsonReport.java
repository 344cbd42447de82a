package dev.tidemark.benchmarks.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tidemark.benchmarks.contestant.Goal;
import dev.tidemark.benchmarks.contestant.Result;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.measure.Spread;

/** The report for programs: every sample, unrounded but for digits that mean nothing. A figure that is not known is null. */
public final class JsonReport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonReport() {}

    public static String render(Report report) {
        ObjectNode root = JSON.createObjectNode();
        report.facts().forEach(root.putObject("run")::put);
        report.postgresSettings().forEach(root.putObject("postgres_settings")::put);
        ArrayNode goals = root.putArray("goals");
        report.outcomes().forEach(outcome -> add(goals.addObject(), outcome));
        ArrayNode results = root.putArray("results");
        report.results().forEach(result -> add(results.addObject(), result));
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be written", e);
        }
    }

    private static void add(ObjectNode node, Goal.Outcome outcome) {
        node.put("quotient", outcome.goal().text());
        node.put("rival", outcome.rival());
        node.put("goal", outcome.bound());
        put(node, "median", outcome.ratio().median());
        put(node, "min", outcome.ratio().min());
        put(node, "max", outcome.ratio().max());
        node.put("reached", outcome.reached());
    }

    private static void add(ObjectNode node, Result result) {
        node.put("id", result.label().id());
        node.put("group", result.label().group());
        node.put("name", result.label().name());
        node.put("settings", result.settings());
        Spread rate = result.spread(Sample::recordsPerSecond);
        put(node, "records_per_second_median", rate.median());
        put(node, "records_per_second_min", rate.min());
        put(node, "records_per_second_max", rate.max());
        ArrayNode samples = node.putArray("samples");
        result.samples().forEach(sample -> add(samples.addObject(), sample));
    }

    private static void add(ObjectNode node, Sample sample) {
        node.put("records", sample.records());
        put(node, "seconds", sample.seconds());
        put(node, "client_cpu_seconds", sample.cpu().client());
        put(node, "server_cpu_seconds", sample.cpu().server());
        put(node, "postgres_cpu_seconds", sample.cpu().postgres());
        put(node, "log_bytes", sample.logBytes());
        LatencyMs latency = sample.latency();
        if (latency != null) {
            put(node, "p50_ms", latency.p50());
            put(node, "p99_ms", latency.p99());
            put(node, "max_ms", latency.max());
        }
    }

    private static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, Math.round(value * 1e6) / 1e6);
        } else {
            node.putNull(name);
        }
    }
}
