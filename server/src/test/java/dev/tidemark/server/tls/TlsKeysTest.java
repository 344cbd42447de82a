package dev.tidemark.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.file.UnusableFileException;
import dev.tidemark.server.testing.TestCertificates;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStoreException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TlsKeysTest {
    private static final String PASSWORD = TestCertificates.PASSWORD;

    @TempDir
    static Path folder;

    private static TestCertificates certificates;
    private static Path one;
    private static Path other;

    private final FileWatch watch = new FileWatch(Duration.ofMillis(20));
    private final MeterRegistry metrics = new SimpleMeterRegistry();

    @BeforeAll
    static void makeCertificates() {
        certificates = new TestCertificates(folder);
        one = certificates.selfSigned("one");
        other = certificates.selfSigned("other", "-keyalg", "RSA");
    }

    @AfterEach
    void stopWatching() {
        watch.close();
    }

    private TlsKeys load(TlsConfig config) {
        return TlsKeys.load(config, watch, metrics);
    }

    private static String subject(TlsKeys keys) throws KeyStoreException {
        X509Certificate certificate = (X509Certificate) keys.keyStore().getCertificate("server");
        return certificate.getSubjectX500Principal().getName();
    }

    @Test
    void aKeystoreOfEitherKindIsRead() throws KeyStoreException {
        Path jks = certificates.selfSigned("older", "-storetype", "JKS", "-keypass", PASSWORD + "2");

        assertThat(subject(load(new TlsConfig.Keystore(one, PASSWORD, null)))).isEqualTo("CN=one");
        assertThat(subject(load(new TlsConfig.Keystore(jks, PASSWORD, PASSWORD + "2"))))
                .isEqualTo("CN=older");
        refused(
                new TlsConfig.Keystore(jks, PASSWORD, null),
                "the password of the private key in it is wrong or missing");
    }

    @Test
    void pemFilesAreRead() throws KeyStoreException {
        for (Path store : List.of(one, other)) {
            Path chain = certificates.certificates(store, "pem");
            Path key = certificates.key(store, "pem");
            assertThat(subject(load(new TlsConfig.Pem(chain, key, null))))
                    .isEqualTo(store.equals(one) ? "CN=one" : "CN=other");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"by-openssl.key", "by-older-openssl.key"})
    void encryptedKeysAreReadWithTheirPassword(String name) throws KeyStoreException {
        Path chain = resource("by-openssl.pem");
        Path key = resource(name);

        assertThat(subject(load(new TlsConfig.Pem(chain, key, "sesame")))).isEqualTo("CN=by-openssl");
        refused(new TlsConfig.Pem(chain, key, "wrong"), key + ": the password of the private key is wrong");
        refused(new TlsConfig.Pem(chain, key, null), "the private key is encrypted, and no password for it is set");
    }

    private static Path resource(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(TlsKeysTest.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatCannotBeServedWithIsOneLineThatNamesTheFile() throws IOException {
        Path chain = certificates.certificates(one, "chain");
        Path key = certificates.key(one, "key");
        Path otherKey = certificates.key(other, "other-key");
        Path none = folder.resolve("none");
        Path text = Files.writeString(folder.resolve("text"), "hello");
        Path old = Files.writeString(folder.resolve("old.key"), TestCertificates.block("RSA PRIVATE KEY", new byte[9]));
        Path broken = Files.writeString(folder.resolve("broken"), TestCertificates.block("CERTIFICATE", new byte[9]));

        refused(new TlsConfig.Keystore(one, "wrong", null), one + ": the keystore's password is wrong or missing");
        refused(new TlsConfig.Keystore(none, PASSWORD, null), none + ": there is no such file");
        refused(new TlsConfig.Keystore(text, PASSWORD, null), text + ": is neither a PKCS12 nor a JKS keystore");
        refused(new TlsConfig.Pem(none, key, null), none + ": there is no such file");
        refused(new TlsConfig.Pem(chain, none, null), none + ": there is no such file");
        refused(new TlsConfig.Pem(text, key, null), text + ": has no certificate");
        refused(new TlsConfig.Pem(broken, key, null), broken + ": certificate 1 in it cannot be read");
        refused(new TlsConfig.Pem(chain, text, null), text + ": must have exactly one private key");
        refused(new TlsConfig.Pem(chain, old, null), "openssl pkcs8 -topk8 -nocrypt");
        refused(
                new TlsConfig.Pem(chain, otherKey, null),
                otherKey + ": the private key does not fit the certificate of CN=one");
    }

    private void refused(TlsConfig config, String why) {
        assertThatThrownBy(() -> load(config))
                .isInstanceOf(UnusableFileException.class)
                .hasMessageContaining(why)
                .hasMessageNotContaining("\n")
                .hasMessageNotContaining(PASSWORD);
    }

    @Test
    void theServersOwnCertificateMustComeFirst() throws IOException {
        Path mixed = Files.writeString(
                folder.resolve("mixed.pem"),
                Files.readString(certificates.certificates(other, "a"))
                        + Files.readString(certificates.certificates(one, "b")));
        refused(
                new TlsConfig.Pem(mixed, certificates.key(one, "mixed"), null),
                "the private key's certificate must be the first of the chain");
    }

    @Test
    void anExpiredCertificateIsTakenAndTheMetricTells() {
        Path expired = certificates.selfSigned("expired", "-startdate", "-10d", "-validity", "5");
        load(new TlsConfig.Keystore(expired, PASSWORD, null));
        assertThat(metrics.get("tidemark.tls.certificate.expires").gauge().value())
                .isLessThan(Instant.now().getEpochSecond())
                .isGreaterThan(Instant.now().minus(Duration.ofDays(6)).getEpochSecond());
    }

    @Test
    void renewedFilesAreTakenUpAndBrokenOnesAreNot() throws Exception {
        Path file = Files.copy(one, folder.resolve("renewed.p12"));
        TlsKeys keys = load(new TlsConfig.Keystore(file, PASSWORD, null));
        AtomicInteger renewals = new AtomicInteger();
        keys.onRenewal(store -> renewals.incrementAndGet());

        Files.copy(other, file, StandardCopyOption.REPLACE_EXISTING);
        await().untilAtomic(renewals, org.hamcrest.Matchers.equalTo(1));
        assertThat(subject(keys)).isEqualTo("CN=other");

        Files.writeString(file, "broken");
        await().until(() ->
                metrics.get("tidemark.tls.certificate.stale").gauge().value() == 1);
        assertThat(subject(keys)).isEqualTo("CN=other");
        assertThat(renewals).hasValue(1);
    }

    @Test
    void aCertificateThatCannotBeServedWithIsNotInUseAndTheMetricTells() throws Exception {
        Path file = Files.copy(one, folder.resolve("unfit.p12"));
        TlsKeys keys = load(new TlsConfig.Keystore(file, PASSWORD, null));
        AtomicBoolean fit = new AtomicBoolean();
        keys.onRenewal(store -> {
            if (!fit.get()) {
                throw new GeneralSecurityException("unfit");
            }
        });

        Files.copy(other, file, StandardCopyOption.REPLACE_EXISTING);
        await().until(() ->
                metrics.get("tidemark.tls.certificate.stale").gauge().value() == 1);
        assertThat(subject(keys)).isEqualTo("CN=one");

        fit.set(true);
        Files.copy(certificates.selfSigned("third"), file, StandardCopyOption.REPLACE_EXISTING);
        await().until(() ->
                metrics.get("tidemark.tls.certificate.stale").gauge().value() == 0);
        assertThat(subject(keys)).isEqualTo("CN=third");
    }
}
