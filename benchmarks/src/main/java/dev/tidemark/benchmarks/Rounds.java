package dev.tidemark.benchmarks;

import dev.tidemark.benchmarks.contestant.Contestant;
import dev.tidemark.benchmarks.contestant.Contestant.Round;
import dev.tidemark.benchmarks.contestant.Result;
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
    private final List<Contestant> contestants;
    private final Map<Contestant, List<Sample>> samples = new LinkedHashMap<>();
    private final long start = System.nanoTime();

    Rounds(Stage stage, List<Contestant> contestants) {
        this.stage = stage;
        this.contestants = contestants;
        contestants.forEach(contestant -> samples.put(contestant, new ArrayList<>()));
    }

    /** @param pairs how many rounds count, after those that warm up */
    List<Result> run(int pairs) throws Exception {
        for (Contestant contestant : contestants) {
            say("prepare " + contestant.label().id());
            contestant.prepare(stage);
        }
        stage.restartTidemark();
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            run(new Round(i, true), "warm-up " + (i + 1) + "/" + WARM_UP_ROUNDS);
        }
        for (int i = 0; i < pairs; i++) {
            run(new Round(i, false), "round " + (i + 1) + "/" + pairs);
        }
        return contestants.stream()
                .map(contestant -> new Result(contestant.label(), contestant.settings(), samples(contestant)))
                .toList();
    }

    private List<Sample> samples(Contestant contestant) {
        return samples.getOrDefault(contestant, List.of());
    }

    private void run(Round round, String title) throws Exception {
        for (Contestant contestant : inOrder(contestants, round.number())) {
            stage.syncDisks();
            Sample sample = contestant.run(stage, round);
            say(String.format(
                    Locale.ROOT,
                    "%s %s: %,.0f records/s%s",
                    title,
                    contestant.label().id(),
                    sample.recordsPerSecond(),
                    sample.latency() == null ? "" : " " + sample.latency()));
            if (!round.warmUp()) {
                samples(contestant).add(sample);
            }
        }
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
