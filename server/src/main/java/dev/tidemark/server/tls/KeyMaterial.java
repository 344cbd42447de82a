package dev.tidemark.server.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A private key and its certificates.
 *
 * @param chain the key's own certificate first
 */
record KeyMaterial(PrivateKey key, List<X509Certificate> chain) {
    private static final byte[] PROBE = {1, 2, 3};

    /** @throws IllegalArgumentException when the key is not that of the first certificate */
    KeyMaterial {
        chain = List.copyOf(chain);
        if (!fits(key, chain.get(0).getPublicKey())) {
            boolean another = chain.stream().anyMatch(certificate -> fits(key, certificate.getPublicKey()));
            throw new IllegalArgumentException(
                    another
                            ? "the private key's certificate must be the first of the chain, the CA's come after it"
                            : "the private key does not fit the certificate of " + subject(chain.get(0)));
        }
    }

    private static boolean fits(PrivateKey key, PublicKey other) {
        if (!key.getAlgorithm().equals(other.getAlgorithm())) {
            return false;
        }
        try {
            Signature signature = Signature.getInstance(signatureWith(key.getAlgorithm()));
            signature.initSign(key);
            signature.update(PROBE);
            byte[] signed = signature.sign();
            signature.initVerify(other);
            signature.update(PROBE);
            return signature.verify(signed);
        } catch (GeneralSecurityException doesNot) {
            return false;
        }
    }

    private static String signatureWith(String algorithm) {
        return switch (algorithm) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> algorithm;
        };
    }

    String subject() {
        return subject(chain.get(0));
    }

    private static String subject(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }

    Instant notBefore() {
        return chain.get(0).getNotBefore().toInstant();
    }

    Instant notAfter() {
        return chain.get(0).getNotAfter().toInstant();
    }

    /** @param password of the store and of the key in it, which never leave this process's memory */
    KeyStore keyStore(char[] password) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, password);
            store.setKeyEntry("server", key, password, chain.toArray(X509Certificate[]::new));
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("a keystore in memory cannot be made", e);
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "KeyMaterial[" + subject() + ", until " + notAfter() + "]";
    }
}
