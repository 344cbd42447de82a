package dev.tidemark.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MarkdownTableTest {
    @Test
    void columnsAreLinedUp() {
        MarkdownTable table = new MarkdownTable("lr", "who", "records/s");
        table.add("Tidemark", "7");
        table.add("x", "318,000");

        assertThat(table.render()).isEqualTo("""
                        | who      | records/s |
                        | -------- | --------: |
                        | Tidemark |         7 |
                        | x        |   318,000 |
                        """);
    }

    @Test
    void aBarInACellDoesNotBreakTheRow() {
        MarkdownTable table = new MarkdownTable("l", "a");
        table.add("x|y");

        assertThat(table.render()).contains("| x\\|y |");
    }

    @Test
    void aRowWithACellTooFewIsRefused() {
        MarkdownTable table = new MarkdownTable("lr", "a", "b");

        assertThatThrownBy(() -> table.add("x")).hasMessageContaining("1 cells under 2 headings");
    }
}
