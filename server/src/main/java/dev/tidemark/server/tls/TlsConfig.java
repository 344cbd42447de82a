package dev.tidemark.server.tls;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the server's certificate and its private key are. Passwords are not shown. */
public sealed interface TlsConfig {
    /** What to watch for renewals. */
    List<Path> files();

    /**
     * A PKCS12 or JKS keystore with one private key.
     *
     * @param keyPassword of the key in it; null: the same as the keystore's
     */
    record Keystore(
            Path file, @Nullable String password, @Nullable String keyPassword) implements TlsConfig {
        @Override
        public List<Path> files() {
            return List.of(file);
        }

        @Override
        public String toString() {
            return "Keystore[" + file + "]";
        }
    }

    /**
     * PEM files.
     *
     * @param certificates the server's own certificate first, then those that lead to the CA's
     * @param key PKCS#8
     * @param keyPassword null: the key is not encrypted
     */
    record Pem(Path certificates, Path key, @Nullable String keyPassword) implements TlsConfig {
        @Override
        public List<Path> files() {
            return List.of(certificates, key);
        }

        @Override
        public String toString() {
            return "Pem[" + certificates + ", " + key + "]";
        }
    }
}
