package dev.tidemark.server;

import dev.tidemark.server.tls.TlsConfig;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who is let in, and whether what they say is encrypted.
 *
 * @param tokensFile null: nobody is asked for a token
 * @param anonymous whether those who show no token are let in, to do everything
 * @param tls null: HTTP in the clear
 */
public record SecurityConfig(
        @Nullable Path tokensFile,
        boolean anonymous,
        @Nullable TlsConfig tls) {
    /** Whether somebody has said who may come in from other machines. */
    boolean isDecided() {
        return tokensFile != null || anonymous;
    }

    /** Files are read when the server starts, not here. */
    static SecurityConfig read(GivenSettings given) {
        boolean anonymous =
                given.value(Setting.ALLOW_ANONYMOUS, "must be true or false", SecurityConfig::requireBoolean, false);
        return new SecurityConfig(file(given, Setting.TOKENS_FILE), anonymous, tls(given));
    }

    private static boolean requireBoolean(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException();
        };
    }

    private static @Nullable Path file(GivenSettings given, Setting setting) {
        return given.<Optional<Path>>value(
                        setting, "must be a path", text -> Optional.of(Path.of(text)), Optional.empty())
                .orElse(null);
    }

    private static @Nullable TlsConfig tls(GivenSettings given) {
        Path keystore = file(given, Setting.TLS_KEYSTORE_FILE);
        Path certificates = file(given, Setting.TLS_CERTIFICATE_FILE);
        Path key = file(given, Setting.TLS_KEY_FILE);
        String keyPassword = given.value(Setting.TLS_KEY_PASSWORD).orElse(null);
        if (keystore != null) {
            refuse(
                    given,
                    Setting.TLS_CERTIFICATE_FILE,
                    "is for PEM files, and there is a keystore; name one of the two");
            refuse(given, Setting.TLS_KEY_FILE, "is for PEM files, and there is a keystore; name one of the two");
            return new TlsConfig.Keystore(
                    keystore, given.value(Setting.TLS_KEYSTORE_PASSWORD).orElse(null), keyPassword);
        }
        refuse(given, Setting.TLS_KEYSTORE_PASSWORD, "needs " + Setting.TLS_KEYSTORE_FILE.environmentVariable());
        if (certificates != null && key != null) {
            return new TlsConfig.Pem(certificates, key, keyPassword);
        }
        refuse(given, Setting.TLS_CERTIFICATE_FILE, "needs " + Setting.TLS_KEY_FILE.environmentVariable());
        refuse(given, Setting.TLS_KEY_FILE, "needs " + Setting.TLS_CERTIFICATE_FILE.environmentVariable());
        refuse(given, Setting.TLS_KEY_PASSWORD, "needs a private key, and none is named");
        return null;
    }

    /** Better no server than one whose owner thinks it encrypts. */
    private static void refuse(GivenSettings given, Setting setting, String why) {
        if (given.value(setting).isPresent()) {
            throw given.illegal(setting, why);
        }
    }
}
