package dev.tidemark.benchmarks.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.benchmarks.measure.ProcessTable.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessTableTest {
    private static final String STAT =
            "4711 (postgres: a) b (c) S 42 4711 4711 0 -1 4194560 500 900 0 0 120 30 400 50 20 0 1 0 100 1000 200";

    @Test
    void readsAProcessWhoseNameHoldsSpacesAndParentheses() {
        assertThat(ProcessTable.parse(STAT)).isEqualTo(new Entry(4711, 42, 600));
    }

    @Test
    void cpuOfATreeIsThatOfAllItsLivingMembers() {
        ProcessTable table = new ProcessTable(
                List.of(new Entry(1, 0, 1000), new Entry(2, 1, 100), new Entry(3, 2, 50), new Entry(4, 2, 25)));

        assertThat(table.cpuSeconds(2)).isEqualTo(1.75);
    }

    @Test
    void aSubtreeCanBeLeftOut() {
        ProcessTable table = new ProcessTable(
                List.of(new Entry(2, 1, 100), new Entry(3, 2, 50), new Entry(4, 3, 25), new Entry(5, 2, 10)));

        assertThat(table.cpuSeconds(2, 3)).isEqualTo(1.1);
    }

    @Test
    void cpuOfAProcessThatIsNotThereIsUnknown() {
        assertThat(new ProcessTable(List.of()).cpuSeconds(2)).isNaN();
    }
}
