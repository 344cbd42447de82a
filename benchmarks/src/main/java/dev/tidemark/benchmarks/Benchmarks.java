package dev.tidemark.benchmarks;

import dev.tidemark.benchmarks.contestant.Contestant;
import dev.tidemark.benchmarks.contestant.Goal;
import dev.tidemark.benchmarks.contestant.Goals;
import dev.tidemark.benchmarks.contestant.Result;
import dev.tidemark.benchmarks.contestant.Suite;
import dev.tidemark.benchmarks.report.JsonReport;
import dev.tidemark.benchmarks.report.MarkdownReport;
import dev.tidemark.benchmarks.report.Report;
import dev.tidemark.benchmarks.system.Stage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The main behind {@code benchmarks/run}: all contestants, round by round, into one report. */
public final class Benchmarks {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private final Options options;
    private final List<Contestant> contestants;
    private boolean failed;

    private Benchmarks(Options options) {
        this.options = options;
        this.contestants = Suite.contestants(options.sizes(), options.partitions(), options.quick()).stream()
                .filter(contestant -> isWanted(contestant.label().id()))
                .toList();
    }

    private boolean isWanted(String id) {
        return options.only().isEmpty() || options.only().stream().anyMatch(id::contains);
    }

    /** Reads the system properties {@code tidemark.home}, {@code tidemark.commit} and {@code kafka.classpath}, which benchmarks/run sets. */
    public static void main(String[] args) throws Exception {
        try {
            Options options = Options.parse(
                    Path.of(System.getProperty("tidemark.home", ".")).toAbsolutePath(), args);
            if (options.help()) {
                System.out.print(Options.USAGE);
                return;
            }
            Benchmarks benchmarks = new Benchmarks(options);
            benchmarks.run();
            System.exit(benchmarks.failed ? FAILED : 0);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.err.print(Options.USAGE);
            System.exit(WRONG_USAGE);
        }
    }

    private void run() throws Exception {
        if (options.list()) {
            contestants.forEach(
                    contestant -> System.out.println(contestant.label().id()));
            return;
        }
        if (contestants.isEmpty()) {
            throw new IllegalArgumentException("--only names no contestant; --list shows them");
        }
        Files.createDirectories(options.work());
        try (Stage stage = Stage.open(options.work(), options.tidemark(), kafkaClasspath())) {
            write(measure(stage));
            if (failed) {
                Path logs = options.output().resolve("logs");
                stage.saveLogs(logs);
                System.err.println("some contestants failed; their logs are in " + logs);
            }
        }
    }

    private Report measure(Stage stage) throws Exception {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        facts.put("Tidemark", System.getProperty("tidemark.commit", "unknown version"));
        facts.put(
                "pairs", options.pairs() + (options.quick() ? " (quick: rounds too short for figures to quote)" : ""));
        facts.putAll(Machine.facts(stage.directory()));
        Rounds rounds = new Rounds(stage, contestants);
        List<Result> results = rounds.run(options.pairs());
        rounds.failures().forEach((id, reason) -> facts.put("left out: " + id, reason));
        failed = !rounds.failures().isEmpty();
        Map<String, Result> byId = results.stream()
                .collect(Collectors.toMap(result -> result.label().id(), Function.identity()));
        List<Goal.Outcome> outcomes = Goals.of(options.sizes(), options.partitions(), options.quick()).stream()
                .map(goal -> goal.judge(byId))
                .flatMap(Optional::stream)
                .toList();
        return new Report(facts, stage.postgresSettings(), results, outcomes);
    }

    private void write(Report report) throws IOException {
        Files.createDirectories(options.output());
        String markdown = MarkdownReport.render(report);
        Files.writeString(options.output().resolve("results.md"), markdown);
        Files.writeString(options.output().resolve("results.json"), JsonReport.render(report));
        System.out.print(markdown);
    }

    private static List<Path> kafkaClasspath() {
        return Arrays.stream(System.getProperty("kafka.classpath", "").split(File.pathSeparator))
                .map(Path::of)
                .toList();
    }
}
