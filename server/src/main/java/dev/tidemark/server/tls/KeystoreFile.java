package dev.tidemark.server.tls;

import dev.tidemark.server.file.SmallFile;
import dev.tidemark.server.file.UnusableFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the one private key of a PKCS12 or JKS keystore. */
final class KeystoreFile {
    private KeystoreFile() {}

    /** @throws UnusableFileException in one line, without passwords */
    static KeyMaterial read(TlsConfig.Keystore config) {
        Path file = config.file();
        // For its bound, and its words for a file that is not there.
        SmallFile.read(file);
        KeyStore store = open(file, config.password());
        try {
            String alias = onlyKey(file, store);
            String password = config.keyPassword() == null ? config.password() : config.keyPassword();
            Key key = store.getKey(alias, characters(password));
            if (!(key instanceof PrivateKey privateKey)) {
                throw new UnusableFileException(file + ": its entry " + alias + " is no private key");
            }
            return new KeyMaterial(privateKey, chain(file, store.getCertificateChain(alias)));
        } catch (UnrecoverableKeyException e) {
            throw new UnusableFileException(file + ": the password of the private key in it is wrong or missing", e);
        } catch (GeneralSecurityException e) {
            throw new UnusableFileException(file + ": cannot be used: " + e.getMessage(), e);
        } catch (IllegalArgumentException doesNotFit) {
            throw new UnusableFileException(file + ": " + doesNotFit.getMessage(), doesNotFit);
        }
    }

    private static KeyStore open(Path file, @Nullable String password) {
        try {
            return KeyStore.getInstance(file.toFile(), characters(password));
        } catch (KeyStoreException e) {
            throw new UnusableFileException(file + ": is neither a PKCS12 nor a JKS keystore", e);
        } catch (IOException e) {
            throw new UnusableFileException(
                    file + ": "
                            + (e.getCause() instanceof UnrecoverableKeyException
                                    ? "the keystore's password is wrong or missing"
                                    : "is no whole keystore: " + e.getMessage()),
                    e);
        } catch (GeneralSecurityException e) {
            throw new UnusableFileException(file + ": cannot be used: " + e.getMessage(), e);
        }
    }

    private static String onlyKey(Path file, KeyStore store) throws KeyStoreException {
        List<String> keys = new ArrayList<>();
        for (String alias : Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                keys.add(alias);
            }
        }
        if (keys.size() != 1) {
            throw new UnusableFileException(file + ": must have exactly one private key, not " + keys.size()
                    + (keys.isEmpty() ? "" : ": " + keys));
        }
        return keys.get(0);
    }

    private static List<X509Certificate> chain(Path file, Certificate @Nullable [] certificates) {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : certificates == null ? new Certificate[0] : certificates) {
            if (certificate instanceof X509Certificate x509) {
                chain.add(x509);
            }
        }
        if (chain.isEmpty()) {
            throw new UnusableFileException(file + ": the private key in it has no certificate");
        }
        return chain;
    }

    private static char @Nullable [] characters(@Nullable String password) {
        return password == null ? null : password.toCharArray();
    }
}
