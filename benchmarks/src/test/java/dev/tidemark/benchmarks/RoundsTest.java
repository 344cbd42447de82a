package dev.tidemark.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.benchmarks.contestant.Contestant;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.Stage;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {
    /** Only its label matters here. */
    private record Named(String group, String name) implements Contestant {
        @Override
        public Label label() {
            return new Label(name, group, name);
        }

        @Override
        public String settings() {
            return "";
        }

        @Override
        public Sample run(Stage stage, Round round) {
            throw new UnsupportedOperationException();
        }
    }

    private static final List<Contestant> CONTESTANTS = List.of(
            new Named("x", "a"), new Named("x", "b"), new Named("x", "c"), new Named("y", "d"), new Named("y", "e"));

    private static String order(int round) {
        StringBuilder names = new StringBuilder();
        Rounds.inOrder(CONTESTANTS, round)
                .forEach(contestant -> names.append(contestant.label().name()));
        return names.toString();
    }

    @Test
    void anotherContestantOfAGroupGoesFirstEveryRound() {
        assertThat(order(0)).isEqualTo("abcde");
        assertThat(order(1)).isEqualTo("bcaed");
        assertThat(order(2)).isEqualTo("cabde");
        assertThat(order(3)).isEqualTo("abced");
    }
}
