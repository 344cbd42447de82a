package dev.tidemark.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.benchmarks.measure.Spread;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
                    318456.7 ; 318,000
                    1234567  ; 1,230,000
                    1000     ; 1,000
                    999.4    ; 999
                    12.345   ; 12.3
                    0.4249   ; 0.42
                    0        ; 0.00
                    NaN      ; –
                    """)
    void threeDigitsAreShown(double value, String text) {
        assertThat(Figures.number(value)).isEqualTo(text);
    }

    @Test
    void rangeOfNothingIsADash() {
        assertThat(Figures.range(Spread.of())).isEqualTo("–");
        assertThat(Figures.range(Spread.of(1, 3))).isEqualTo("1.00–3.00");
    }
}
