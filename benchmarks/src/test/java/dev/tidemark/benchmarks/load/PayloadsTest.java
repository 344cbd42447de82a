package dev.tidemark.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PayloadsTest {
    @Test
    void allValuesHaveTheSizeAskedFor(@TempDir Path directory) throws Exception {
        Path file = Payloads.write(directory, 100);

        assertThat(Files.readAllLines(file))
                .hasSize(1000)
                .allMatch(line -> line.length() == 100)
                .doesNotHaveDuplicates();
        assertThat(Payloads.read(file).next()).hasSize(100);
    }

    @Test
    void theFileIsTheSameEveryTime(@TempDir Path directory) throws Exception {
        byte[] first = Files.readAllBytes(Payloads.write(directory, 10));

        assertThat(Files.readAllBytes(Payloads.write(directory, 10))).isEqualTo(first);
    }
}
