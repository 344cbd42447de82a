package dev.tidemark.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Collections;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Trust in the CAs of a file, and in no others. */
final class CaCertificates {
    private static final String PEM = "-----BEGIN CERTIFICATE-----";

    private CaCertificates() {}

    /**
     * @param file PEM with one certificate or several, or a PKCS12 or JKS truststore
     * @param password of a truststore
     * @throws IllegalArgumentException in one line, naming the file and what is wrong with it
     */
    static SSLContext tls(Path file, @Nullable String password) {
        try {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store(file, password));
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(file + ": cannot be used: " + e.getMessage(), e);
        }
    }

    private static KeyStore store(Path file, @Nullable String password) throws GeneralSecurityException {
        try {
            byte[] content = Files.readAllBytes(file);
            KeyStore store = new String(content, StandardCharsets.ISO_8859_1).contains(PEM)
                    ? ofPem(file, content)
                    : KeyStore.getInstance(file.toFile(), password == null ? null : password.toCharArray());
            if (Collections.list(store.aliases()).isEmpty()) {
                throw new IllegalArgumentException(file + ": has no certificate"
                        + (password == null ? "; a truststore needs its password to be read" : ""));
            }
            return store;
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": there is no such file", e);
        } catch (KeyStoreException e) {
            throw new IllegalArgumentException(file + ": is neither PEM (" + PEM + ") nor a truststore", e);
        } catch (IOException e) {
            boolean wrongPassword = e.getCause() instanceof UnrecoverableKeyException;
            throw new IllegalArgumentException(
                    file + ": " + (wrongPassword ? "the truststore's password is wrong" : "cannot be read: " + e), e);
        }
    }

    private static KeyStore ofPem(Path file, byte[] content) throws GeneralSecurityException, IOException {
        Collection<? extends Certificate> certificates;
        try {
            certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(content));
        } catch (CertificateException e) {
            throw new IllegalArgumentException(file + ": has a certificate that cannot be read", e);
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int number = 0;
        for (Certificate certificate : certificates) {
            number++;
            store.setCertificateEntry("ca-" + number, certificate);
        }
        return store;
    }
}
