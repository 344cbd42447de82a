package dev.tidemark.benchmarks.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void medianOfAnOddNumberIsTheMiddleOne() {
        assertThat(Spread.of(9, 1, 5)).isEqualTo(new Spread(5, 1, 9, 3));
    }

    @Test
    void medianOfAnEvenNumberLiesBetweenTheMiddleTwo() {
        assertThat(Spread.of(4, 1, 2, 9)).isEqualTo(new Spread(3, 1, 9, 4));
    }

    @Test
    void unknownFiguresAreLeftOut() {
        assertThat(Spread.of(Double.NaN, 7, Double.NaN)).isEqualTo(new Spread(7, 7, 7, 1));
    }

    @Test
    void nothingMeasuredIsNotZero() {
        Spread nothing = Spread.of(Double.NaN);

        assertThat(nothing.count()).isZero();
        assertThat(nothing.median()).isNaN();
    }

    @Test
    void ratiosAreTakenPairByPair() {
        // Both halves of the third pair were disturbed: its quotient is as good as the others.
        double[] mine = {100, 110, 30};
        double[] rivals = {200, 200, 60};

        assertThat(Spread.ofRatios(mine, rivals)).isEqualTo(new Spread(0.5, 0.5, 0.55, 3));
    }
}
