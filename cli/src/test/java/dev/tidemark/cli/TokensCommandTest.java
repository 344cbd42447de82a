package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokensCommandTest {
    @TempDir
    Path folder;

    @Test
    void theTokenIsAllOfStandardOutputAndItsHashAllOfTheFile() throws IOException {
        Path file = folder.resolve("tokens");

        Ran created =
                create("--file", file.toString(), "--principal", "ops", "--allow", "read,admin", "--topics", "a*,b");

        assertThat(created.exitCode()).isZero();
        assertThat(created.text()).matches("tidemark_[A-Za-z0-9_-]{43}\n");
        assertThat(created.err()).isEqualTo("Added a token of ops to " + file + ". It is shown this once:\n");
        assertThat(Files.readAllLines(file))
                .singleElement()
                .asString()
                .matches("principal=ops allow=read,admin topics=a\\*,b sha256=[0-9a-f]{64}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            --allow read                                         ; Missing required option: '--principal=NAME'
            --principal ops                                      ; Missing required option: '--allow=PERMISSIONS'
            --principal ops --allow all                          ; allow must be read, write and admin
            --principal anonymous --allow read                   ; principal must be up to 128 of
            --principal ops --allow read --topics a*b            ; a*b' is neither a topic's name nor
            """)
    void wrongUsageSaysWhatIsLegal(String options, String message) {
        Path file = folder.resolve("tokens");
        Ran refused = create(("--file " + file + " " + options).split(" "));
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains(message).hasLineCount(1);
        assertThat(refused.text()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void withoutAFileNoTokenIsMade() {
        Ran refused = create("--principal", "ops", "--allow", "read");
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("--file, or TIDEMARK_TOKENS_FILE, must name the tokens file");
        assertThat(refused.text()).isEmpty();
    }

    @Test
    void aFileThatCannotBeUsedIsNamed() throws IOException {
        Path broken = Files.writeString(folder.resolve("tokens"), "nonsense");
        create("--file", broken.toString(), "--principal", "ops", "--allow", "read")
                .refusedWith(broken + ", line 1");
        Path nowhere = folder.resolve("none/tokens");
        create("--file", nowhere.toString(), "--principal", "ops", "--allow", "read")
                .refusedWith(nowhere.toString());
    }

    private static Ran create(String... options) {
        java.util.List<String> arguments = new java.util.ArrayList<>(List.of("tokens", "create"));
        arguments.addAll(List.of(options));
        return Ran.of(new byte[0], arguments);
    }
}
