package dev.tidemark.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.file.UnusableFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokensFileTest {
    private static final String HASH = "ab".repeat(32);

    @TempDir
    Path folder;

    @Test
    void aTokenMadeIsTheOneReadAndNotInTheFile() throws IOException {
        Path file = folder.resolve("tokens");

        String token = TokensFile.addToken(file, "billing", "write,read", "orders*,payments");

        assertThat(token).matches("tidemark_[A-Za-z0-9_-]{43}");
        assertThat(Files.readString(file))
                .startsWith("principal=billing allow=read,write topics=orders*,payments sha256=")
                .doesNotContain(token);
        Principal billing = TokensFile.read(file).get(Token.hash(token));
        assertThat(billing.name()).isEqualTo("billing");
        assertThat(billing.may(Permission.READ, "orders-eu")).isTrue();
        assertThat(billing.may(Permission.WRITE, "payments")).isTrue();
        assertThat(billing.may(Permission.WRITE, "payments-eu")).isFalse();
        assertThat(billing.may(Permission.ADMIN, "payments")).isFalse();
    }

    @Test
    void everyTokenIsAnother() {
        Path file = folder.resolve("tokens");
        assertThat(TokensFile.addToken(file, "one", "read", null))
                .isNotEqualTo(TokensFile.addToken(file, "one", "read", null));
        assertThat(TokensFile.read(file)).hasSize(2);
    }

    @Test
    void theFileIsMadeForItsOwnerAlone() throws IOException {
        Path file = folder.resolve("tokens");
        TokensFile.addToken(file, "one", "read", null);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(TokensFile.openTo(file)).isNull();
    }

    @ParameterizedTest
    @CsvSource({"rw-r-----,", "rw-r--r--,read", "rw-r--rw-,write"})
    void whatOthersMayDoWithTheFileIsNoticed(String permissions, String what) throws IOException {
        Path file = write();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        if (what == null) {
            assertThat(TokensFile.openTo(file)).isNull();
        } else {
            assertThat(TokensFile.openTo(file)).isEqualTo("everybody on this machine may " + what + " it");
        }
    }

    @Test
    void aLineIsAddedToAFileThatDoesNotEndInOne() throws IOException {
        Path file = Files.writeString(folder.resolve("tokens"), "# ours");
        TokensFile.addToken(file, "one", "none", null);
        assertThat(Files.readAllLines(file))
                .hasSize(2)
                .element(1)
                .asString()
                .startsWith("principal=one allow=none sha");
    }

    @Test
    void linesOfOneTokenAddUp() throws IOException {
        Path file = write(
                "principal=app allow=read topics=orders* sha256=" + HASH,
                "principal=app allow=write topics=payments sha256=" + HASH);

        Map<Token.Hash, Principal> read = TokensFile.read(file);

        assertThat(read).hasSize(1);
        Principal app = read.get(Token.Hash.ofHex(HASH));
        assertThat(app.may(Permission.READ, "orders")).isTrue();
        assertThat(app.may(Permission.WRITE, "payments")).isTrue();
        assertThat(app.may(Permission.WRITE, "orders")).isFalse();
        assertThat(app.may(Permission.READ, "payments")).isFalse();
    }

    @Test
    void onlyAGrantForAllTopicsIsOneForTheCluster() throws IOException {
        Path file = write(
                "principal=some allow=admin topics=a*,b* sha256=" + HASH,
                "principal=all allow=admin sha256=" + "cd".repeat(32),
                "principal=all-read allow=read topics=* sha256=" + "ef".repeat(32));
        Map<Token.Hash, Principal> read = TokensFile.read(file);

        read.get(Token.Hash.ofHex("cd".repeat(32))).requireEverywhere(Permission.ADMIN);
        for (String other : List.of(HASH, "ef".repeat(32))) {
            Principal principal = read.get(Token.Hash.ofHex(other));
            assertThatThrownBy(() -> principal.requireEverywhere(Permission.ADMIN))
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.error()).isEqualTo(ErrorCode.CLUSTER_AUTHORIZATION_FAILED));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            principal=a allow=read                     | has no sha256=
            principal=a sha256=HASH                    | has no allow=
            allow=read sha256=HASH                     | has no principal=
            principal= allow=read sha256=HASH          | has no principal=
            principal=a allow=all sha256=HASH          | allow must be read, write and admin, separated by commas, or none
            principal=a allow=read, sha256=HASH        | allow must be
            principal=a allow=read,none sha256=HASH    | allow must be
            principal=anonymous allow=read sha256=HASH | principal must be up to 128 of
            principal=a"b allow=read sha256=HASH       | principal must be up to 128 of
            principal=a allow=read topics=o*s sha256=HASH | o*s' is neither a topic's name nor
            principal=a allow=read topics= sha256=HASH | is neither a topic's name nor
            principal=a allow=read sha256=abc          | sha256 must be 64 hexadecimal digits in lower case
            principal=a allow=read groups=g sha256=HASH | is none of principal=, allow=, topics= and sha256= (groups=)
            principal=a allow=read allow=write sha256=HASH | has allow= twice
            some words                                 | is none of principal=
            """)
    void aLineAtFaultIsNamed(String line, String fault) throws IOException {
        Path file = write("# the first", "", line.replace("HASH", HASH));
        assertThatThrownBy(() -> TokensFile.read(file))
                .isInstanceOf(UnusableFileException.class)
                .hasMessageStartingWith(file + ", line 3: ")
                .hasMessageContaining(fault)
                .hasMessageNotContaining("\n");
    }

    @Test
    void aTokenInPlaceOfItsHashIsNotRepeated() throws IOException {
        String token = TokensFile.addToken(folder.resolve("other"), "a", "read", null);
        for (String line : List.of(token, token + "=x", "principal=a allow=read sha256=" + token)) {
            Path file = write(line);
            assertThatThrownBy(() -> TokensFile.read(file)).hasMessageNotContaining(token);
        }
    }

    @Test
    void aTokenOfTwoPrincipalsIsRefused() throws IOException {
        Path file = write("principal=a allow=read sha256=" + HASH, "principal=b allow=read sha256=" + HASH);
        assertThatThrownBy(() -> TokensFile.read(file))
                .hasMessage(file + ", line 2: the token is another principal's already, a's");
    }

    @Test
    void nothingIsAddedToABrokenFile() throws IOException {
        Path file = write("broken");
        assertThatThrownBy(() -> TokensFile.addToken(file, "a", "read", null))
                .isInstanceOf(UnusableFileException.class)
                .hasMessageContaining("line 1");
        assertThat(Files.readAllLines(file)).containsExactly("broken");
    }

    private Path write(String... lines) throws IOException {
        return Files.write(folder.resolve("tokens"), List.of(lines));
    }
}
