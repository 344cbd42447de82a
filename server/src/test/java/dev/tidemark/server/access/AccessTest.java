package dev.tidemark.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.file.FileWatch;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AccessTest {
    @TempDir
    Path folder;

    private final FileWatch watch = new FileWatch(Duration.ofMillis(20));
    private final MeterRegistry metrics = new SimpleMeterRegistry();

    @AfterEach
    void stopWatching() {
        watch.close();
    }

    @Test
    void whoeverAsksIsTheTokensPrincipal() {
        Path file = folder.resolve("tokens");
        String token = TokensFile.addToken(file, "billing", "read", null);
        Access access = Access.byTokens(file, false, watch, metrics);

        assertThat(principal(access, "Bearer " + token)).isEqualTo("billing");
        assertThat(principal(access, "bearer   " + token + " ")).isEqualTo("billing");
    }

    @Test
    void whateverIsNoKnownTokenIsRefusedWithoutBeingRepeatedAndCounted() throws IOException {
        Path file = folder.resolve("tokens");
        String token = TokensFile.addToken(file, "billing", "read", null);
        String unknown = TokensFile.addToken(folder.resolve("other"), "billing", "read", null);
        Access access = Access.byTokens(file, false, watch, metrics);

        for (String shown : List.of(token, "Basic " + token, "Bearer", "Bearer " + unknown, "Bearer a b", "Bearer x")) {
            assertThatThrownBy(() -> principal(access, shown))
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.error()).isEqualTo(ErrorCode.SASL_AUTHENTICATION_FAILED))
                    .hasMessageNotContaining(token)
                    .hasMessageNotContaining(unknown);
        }
        assertThatThrownBy(() -> access.authenticate(List.of(), "here")).hasMessageContaining("no token");
        assertThatThrownBy(() -> access.authenticate(List.of("Bearer " + token, "Bearer " + token), "here"))
                .hasMessageContaining("no single bearer token");
        assertThat(refused("no_token")).isEqualTo(1);
        assertThat(refused("not_bearer")).isEqualTo(5);
        assertThat(refused("unknown_token")).isEqualTo(2);
    }

    @Test
    void aPasswordSomebodyChoseIsRefusedAlsoWhereItsHashIsInTheFile() throws Exception {
        String hash =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("hunter2".getBytes()));
        Path file = Files.writeString(folder.resolve("tokens"), "principal=me allow=read sha256=" + hash);
        Access access = Access.byTokens(file, false, watch, metrics);

        assertThatThrownBy(() -> principal(access, "Bearer hunter2")).isInstanceOf(ApiException.class);
    }

    @Test
    void withoutAFileEverybodyIsAnonymousAndMayDoEverything() {
        Principal anybody = Access.toEverybody().authenticate(List.of("Bearer whatever"), "here");

        assertThat(anybody.name()).isEqualTo("ANONYMOUS");
        for (Permission permission : Permission.values()) {
            assertThat(anybody.may(permission, "any-topic")).isTrue();
        }
    }

    @Test
    void whereBothAreLetInAWrongTokenIsRefusedAllTheSame() {
        Path file = folder.resolve("tokens");
        String token = TokensFile.addToken(file, "billing", "read", null);
        Access access = Access.byTokens(file, true, watch, metrics);

        assertThat(access.authenticate(List.of(), "here").name()).isEqualTo("ANONYMOUS");
        assertThat(principal(access, "Bearer " + token)).isEqualTo("billing");
        assertThatThrownBy(() -> principal(access, "Bearer x")).isInstanceOf(ApiException.class);
    }

    @Test
    void tokensComeAndGoWithTheFile() throws IOException {
        Path file = folder.resolve("tokens");
        String first = TokensFile.addToken(file, "first", "read", null);
        String line = Files.readString(file);
        Access access = Access.byTokens(file, false, watch, metrics);

        String second = TokensFile.addToken(file, "second", "read", null);
        await().untilAsserted(
                        () -> assertThat(principal(access, "Bearer " + second)).isEqualTo("second"));
        assertThat(metrics.get("tidemark.access.tokens").gauge().value()).isEqualTo(2);

        Files.writeString(file, line);
        await().untilAsserted(() ->
                assertThatThrownBy(() -> principal(access, "Bearer " + second)).isInstanceOf(ApiException.class));
        assertThat(principal(access, "Bearer " + first)).isEqualTo("first");

        // The last one can be taken back too.
        Files.writeString(file, "");
        await().untilAsserted(() ->
                assertThatThrownBy(() -> principal(access, "Bearer " + first)).isInstanceOf(ApiException.class));
    }

    @Test
    void aFileThatBreaksLeavesTheTokensAsTheyWereAndTheMetricSaysSo() throws IOException {
        Path file = folder.resolve("tokens");
        String token = TokensFile.addToken(file, "first", "read", null);
        String line = Files.readString(file);
        Access access = Access.byTokens(file, false, watch, metrics);
        assertThat(stale()).isZero();

        Files.writeString(file, line + "broken\n");
        await().until(() -> stale() == 1);
        assertThat(principal(access, "Bearer " + token)).isEqualTo("first");

        Files.writeString(file, line);
        await().until(() -> stale() == 0);

        Files.delete(file);
        await().until(() -> stale() == 1);
        assertThat(principal(access, "Bearer " + token)).isEqualTo("first");
    }

    private double stale() {
        return metrics.get("tidemark.access.tokens.stale").gauge().value();
    }

    private double refused(String reason) {
        return metrics.get("tidemark.access.refused")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private static String principal(Access access, String shown) {
        return access.authenticate(List.of(shown), "here").name();
    }
}
