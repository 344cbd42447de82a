package dev.tidemark.benchmarks.contestant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SuiteTest {
    private static final List<Integer> SIZES = List.of(100, 1024, 10240);
    private static final List<Integer> PARTITIONS = List.of(1, 6, 64);

    private static List<String> ids() {
        return Suite.contestants(SIZES, PARTITIONS, false).stream()
                .map(contestant -> contestant.label().id())
                .toList();
    }

    @Test
    void everyContestantHasAnIdOfItsOwn() {
        assertThat(ids()).doesNotHaveDuplicates();
    }

    @Test
    void everyGoalIsAboutContestantsThatRun() {
        Set<String> ids = ids().stream().collect(Collectors.toSet());

        for (Goal goal : Goals.of(SIZES, PARTITIONS, false)) {
            assertThat(ids).as(goal.text()).contains(goal.candidate()).containsAll(goal.rivals());
        }
    }

    @Test
    void namesInATableAreDifferent() {
        assertThat(Suite.contestants(SIZES, PARTITIONS, false).stream()
                        .map(contestant -> contestant.label().group() + ": "
                                + contestant.label().name()))
                .doesNotHaveDuplicates();
    }

    @Test
    void largeRecordsMakeRoundsOfFewer() {
        assertThat(new Load(100, false).records()).isEqualTo(1_000_000);
        assertThat(new Load(10240, false).records()).isLessThan(30_000);
        assertThat(new Load(100, true).records()).isEqualTo(200_000);
    }
}
