package dev.tidemark.benchmarks;

import dev.tidemark.benchmarks.contestant.Contestant;
import dev.tidemark.benchmarks.contestant.Contestant.Round;
import dev.tidemark.benchmarks.contestant.Result;
import dev.tidemark.benchmarks.measure.LatencyMs;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs the contestants in turn, round by round, and tells standard error how far it is. */
final class Rounds {
    private static final int WARM_UP_ROUNDS = 2;

    private final Stage stage;
    private final Map<Contestant, List<Sample>> samples = new LinkedHashMap<>();
    private final Map<String, String> failures = new LinkedHashMap<>();
    private final long start = System.nanoTime();

    Rounds(Stage stage, List<Contestant> contestants) {
        this.stage = stage;
        contestants.forEach(contestant -> samples.put(contestant, new ArrayList<>()));
    }

    /** @param pairs how many rounds count, after those that warm up */
    List<Result> run(int pairs) throws Exception {
        for (Contestant contestant : List.copyOf(samples.keySet())) {
            say("prepare " + contestant.label().id());
            attempt(contestant, () -> contestant.prepare(stage));
        }
        stage.restartTidemark();
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            run(new Round(i, true), "warm-up " + (i + 1) + "/" + WARM_UP_ROUNDS);
        }
        for (int i = 0; i < pairs; i++) {
            run(new Round(i, false), "round " + (i + 1) + "/" + pairs);
        }
        return samples.entrySet().stream()
                .map(entry -> new Result(entry.getKey().label(), entry.getKey().settings(), entry.getValue()))
                .toList();
    }

    /** Why contestants have no result, by id. */
    Map<String, String> failures() {
        return failures;
    }

    private void run(Round round, String title) throws Exception {
        for (Contestant contestant : inOrder(List.copyOf(samples.keySet()), round.number())) {
            stage.syncDisks();
            attempt(contestant, () -> {
                Sample sample = contestant.run(stage, round);
                say(title + " " + contestant.label().id() + ": " + text(sample));
                if (!round.warmUp()) {
                    samples.getOrDefault(contestant, new ArrayList<>()).add(sample);
                }
            });
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    /** A contestant that fails leaves the run; the others go on without it. */
    private void attempt(Contestant contestant, Step step) throws InterruptedException {
        try {
            step.run();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            say(contestant.label().id() + " failed and is left out from here on: " + e);
            failures.put(
                    contestant.label().id(),
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            samples.remove(contestant);
        }
    }

    private static String text(Sample sample) {
        LatencyMs latency = sample.latency();
        return latency == null
                ? String.format(Locale.ROOT, "%,.0f records/s", sample.recordsPerSecond())
                : String.format(Locale.ROOT, "p50 %.2f ms, p99 %.2f ms", latency.p50(), latency.p99());
    }

    /** Group by group, so that rivals run within the same minute; in each, another one first every round, so that a place in the order favours nobody. */
    static List<Contestant> inOrder(List<Contestant> contestants, int round) {
        Map<String, List<Contestant>> groups = new LinkedHashMap<>();
        for (Contestant contestant : contestants) {
            groups.computeIfAbsent(contestant.label().group(), g -> new ArrayList<>())
                    .add(contestant);
        }
        groups.values().forEach(group -> Collections.rotate(group, -round));
        return groups.values().stream().flatMap(Collection::stream).toList();
    }

    private void say(String what) {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
        System.err.printf(Locale.ROOT, "%02d:%02d %s%n", elapsed.toMinutes(), elapsed.toSecondsPart(), what);
    }
}
