package dev.tidemark.server.tls;

import dev.tidemark.server.file.SmallFile;
import dev.tidemark.server.file.UnusableFileException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/** Reads a certificate chain and a private key from PEM files, which may be one file. */
final class PemFiles {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String KEY = "PRIVATE KEY";
    private static final String ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY";
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private record Block(String label, byte[] content) {}

    private PemFiles() {}

    /** @throws UnusableFileException in one line, without passwords */
    static KeyMaterial read(TlsConfig.Pem config) {
        List<X509Certificate> chain = certificates(config.certificates());
        PrivateKey key = key(config.key(), config.keyPassword());
        try {
            return new KeyMaterial(key, chain);
        } catch (IllegalArgumentException doesNotFit) {
            throw new UnusableFileException(
                    config.key() + ": " + doesNotFit.getMessage() + " (" + config.certificates() + ")", doesNotFit);
        }
    }

    private static List<Block> blocks(Path file) {
        String text = new String(SmallFile.read(file), StandardCharsets.ISO_8859_1);
        List<Block> blocks = new ArrayList<>();
        Matcher block = BLOCK.matcher(text);
        while (block.find()) {
            try {
                blocks.add(new Block(block.group(1), Base64.getMimeDecoder().decode(block.group(2))));
            } catch (IllegalArgumentException e) {
                throw new UnusableFileException(file + ": its block " + block.group(1) + " is no base64", e);
            }
        }
        return blocks;
    }

    private static List<X509Certificate> certificates(Path file) {
        List<X509Certificate> chain = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks(file)) {
                if (block.label().equals(CERTIFICATE)) {
                    Certificate certificate = factory.generateCertificate(new ByteArrayInputStream(block.content()));
                    chain.add((X509Certificate) certificate);
                }
            }
        } catch (GeneralSecurityException e) {
            throw new UnusableFileException(file + ": certificate " + (chain.size() + 1) + " in it cannot be read", e);
        }
        if (chain.isEmpty()) {
            throw new UnusableFileException(file + ": has no certificate (-----BEGIN CERTIFICATE-----)");
        }
        return chain;
    }

    private static PrivateKey key(Path file, @Nullable String password) {
        List<Block> keys = blocks(file).stream()
                .filter(block -> block.label().endsWith(KEY))
                .toList();
        if (keys.size() != 1) {
            throw new UnusableFileException(
                    file + ": must have exactly one private key (-----BEGIN PRIVATE KEY-----), not " + keys.size());
        }
        Block block = keys.get(0);
        return switch (block.label()) {
            case KEY -> decoded(file, new PKCS8EncodedKeySpec(block.content()));
            case ENCRYPTED_KEY -> decoded(file, decrypted(file, block.content(), password));
            default ->
                throw new UnusableFileException(file + ": the key is in the older form " + block.label()
                        + "; make it PKCS#8: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW");
        };
    }

    private static PrivateKey decoded(Path file, PKCS8EncodedKeySpec spec) {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException another) {
                // The next may be the one.
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java has " + algorithm, e);
            }
        }
        throw new UnusableFileException(file + ": the private key cannot be read; it must be one of " + ALGORITHMS);
    }

    private static PKCS8EncodedKeySpec decrypted(Path file, byte[] content, @Nullable String password) {
        if (password == null) {
            throw new UnusableFileException(file + ": the private key is encrypted, and no password for it is set");
        }
        EncryptedPrivateKeyInfo encrypted;
        Cipher cipher;
        try {
            encrypted = new EncryptedPrivateKeyInfo(content);
            String algorithm = algorithm(encrypted);
            SecretKey secret =
                    SecretKeyFactory.getInstance(algorithm).generateSecret(new PBEKeySpec(password.toCharArray()));
            cipher = Cipher.getInstance(algorithm);
            cipher.init(Cipher.DECRYPT_MODE, secret, encrypted.getAlgParameters());
        } catch (IOException | GeneralSecurityException e) {
            throw new UnusableFileException(
                    file + ": the private key is encrypted in a way that is not known here: " + e.getMessage(), e);
        }
        try {
            return encrypted.getKeySpec(cipher);
        } catch (InvalidKeySpecException e) {
            throw new UnusableFileException(file + ": the password of the private key is wrong", e);
        }
    }

    /** What the JDK calls PBES2 stands for many; which of them is in the parameters. */
    private static String algorithm(EncryptedPrivateKeyInfo encrypted) {
        AlgorithmParameters parameters = encrypted.getAlgParameters();
        boolean pbes2 =
                encrypted.getAlgName().equals("PBES2") || encrypted.getAlgName().equals("1.2.840.113549.1.5.13");
        return pbes2 && parameters != null ? parameters.toString() : encrypted.getAlgName();
    }
}
