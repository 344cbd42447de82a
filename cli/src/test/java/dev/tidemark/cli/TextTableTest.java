package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TextTableTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Output out = new Output(written);

    @Test
    void columnsAreAlignedAsPsqlDoes() {
        table(List.of("a/long/path", "7"), List.of("b", "1234567"));

        assertThat(written.toString(UTF_8)).isEqualTo("""
                    path     |  count
                -------------+---------
                 a/long/path |       7
                 b           | 1234567
                """);
    }

    @Test
    void nullIsShownAndControlCharactersAreSpelledOut() {
        table(Arrays.asList("a\nb\t\u001b[31m", null));

        assertThat(written.toString(UTF_8)).endsWith(" a\\nb\\t\\x1b[31m |  NULL\n");
    }

    @Test
    void wideCharactersTakeTwoColumnsAndCombiningOnesNone() {
        table(List.of("日本", "1"), List.of("e\u0301tat", "2"), List.of("12345", "3"));

        assertThat(written.toString(UTF_8)).endsWith("""
                 日本  |     1
                 e\u0301tat  |     2
                 12345 |     3
                """);
    }

    @Test
    void withoutRowsTheHeadIsThere() {
        table();

        assertThat(written.toString(UTF_8)).isEqualTo("""
                 path | count
                ------+-------
                """);
    }

    @Test
    void hugeCellDoesNotWidenTheOthers() {
        table(List.of("x".repeat(100_000), "1"), List.of("y", "2"));

        assertThat(written.toString(UTF_8).lines().filter(line -> !line.contains("x")))
                .allSatisfy(line -> assertThat(line).hasSizeLessThan(300));
    }

    @Test
    void longTableIsWrittenBeforeItEnds() {
        TextTable table = new TextTable(List.of(TextTable.Column.ofNumbers("n")), out);
        for (int i = 0; i < 10_000; i++) {
            table.row(List.of(String.valueOf(i)));
        }
        out.flush();
        assertThat(written.toString(UTF_8).lines()).hasSize(10_002);

        table.row(List.of("a row that is wider than those before"));
        table.end();
        out.flush();
        assertThat(written.toString(UTF_8)).endsWith(" 9999\n a row that is wider than those before\n");
    }

    @SafeVarargs
    private void table(List<@Nullable String>... rows) {
        TextTable table =
                new TextTable(List.of(TextTable.Column.ofText("path"), TextTable.Column.ofNumbers("count")), out);
        Arrays.asList(rows).forEach(table::row);
        table.end();
        out.flush();
    }
}
