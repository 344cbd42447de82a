package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.testing.TestCertificates;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsConnectorTest {
    @TempDir
    static Path folder;

    @Test
    void whatCannotBeServedWithLeavesTheCertificateBeforeInUse() throws Exception {
        TestCertificates certificates = new TestCertificates(folder);
        KeyStore before = open(certificates.selfSigned("before"));
        KeyStore unfit = KeyStore.getInstance("PKCS12");
        unfit.load(null, null);
        unfit.setKeyEntry(
                "server",
                before.getKey("server", TestCertificates.PASSWORD.toCharArray()),
                "another password".toCharArray(),
                before.getCertificateChain("server"));
        SslContextFactory.Server factory = new SslContextFactory.Server();
        factory.setKeyStore(before);
        factory.setKeyStorePassword(TestCertificates.PASSWORD);
        factory.start();
        try {
            assertThatThrownBy(() -> TlsConnector.renew(factory, unfit, before, TestCertificates.PASSWORD))
                    .isInstanceOf(GeneralSecurityException.class);

            assertThat(factory.getX509("server").getCertificate()).isEqualTo(before.getCertificate("server"));
            assertThat(factory.newSSLEngine().getSession()).isNotNull();
        } finally {
            factory.stop();
        }
    }

    private static KeyStore open(Path store) throws IOException, GeneralSecurityException {
        return KeyStore.getInstance(store.toFile(), TestCertificates.PASSWORD.toCharArray());
    }
}
