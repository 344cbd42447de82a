package dev.tidemark.benchmarks.report;

import dev.tidemark.benchmarks.contestant.Goal;
import dev.tidemark.benchmarks.contestant.Result;
import java.util.List;
import java.util.Map;

/**
 * Everything a run found out.
 *
 * @param facts about the run and the machine, by name, in the order to show them
 * @param postgresSettings by name; empty when the run needed no PostgreSQL
 */
public record Report(
        Map<String, String> facts,
        Map<String, String> postgresSettings,
        List<Result> results,
        List<Goal.Outcome> outcomes) {}
