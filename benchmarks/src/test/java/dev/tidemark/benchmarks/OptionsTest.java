package dev.tidemark.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    private static final Path HOME = Path.of("/home/tidemark");

    private static Options parse(String line) {
        return Options.parse(HOME, line.isEmpty() ? new String[0] : line.split(" "));
    }

    @Test
    void allDefaults() {
        assertThat(parse(""))
                .isEqualTo(new Options(
                        false,
                        false,
                        false,
                        9,
                        List.of(),
                        List.of(100, 1024, 10240),
                        List.of(1, 6, 64),
                        HOME.resolve("benchmarks/results"),
                        HOME.resolve("benchmarks/target"),
                        HOME.resolve("bin/tidemark")));
    }

    @Test
    void everyOptionIsRead() {
        assertThat(
                        parse(
                                "--help --list --quick --pairs 3 --only a,b --sizes 7 --partitions 2,3 --output /o --work /w --tidemark /t"))
                .isEqualTo(new Options(
                        true,
                        true,
                        true,
                        3,
                        List.of("a", "b"),
                        List.of(7),
                        List.of(2, 3),
                        Path.of("/o"),
                        Path.of("/w"),
                        Path.of("/t")));
    }

    @Test
    void quickIsOnePairOfLess() {
        Options quick = parse("--quick");

        assertThat(quick.pairs()).isEqualTo(1);
        assertThat(quick.sizes()).containsExactly(100, 1024);
        assertThat(quick.partitions()).containsExactly(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--pairs", "--pairs x", "--pairs -1", "--sizes 0", "--partitions 1,,2", "--fast"})
    void wrongOptionsAreNamed(String line) {
        assertThatThrownBy(() -> parse(line))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(line.split(" ")[0]);
    }
}
