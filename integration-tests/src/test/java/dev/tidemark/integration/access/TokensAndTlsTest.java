package dev.tidemark.integration.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.tidemark.client.AuthenticationException;
import dev.tidemark.client.AuthorizationException;
import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.server.Installation;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.access.TokensFile;
import dev.tidemark.server.testing.TestCertificates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that asks for tokens and speaks TLS with a certificate that a CA of the test's own has signed. */
@Timeout(120)
class TokensAndTlsTest {
    private static final Path FOLDER = folder();
    private static final TestCertificates CERTIFICATES = new TestCertificates(FOLDER);
    private static final Path CA = CERTIFICATES.selfSigned("ca", "-ext", "bc:c");
    private static final Path CA_PEM = CERTIFICATES.certificates(CA, "ca");
    private static final Path CHAIN = chain();
    private static final Path KEY = FOLDER.resolve("server.key");
    private static final Path TOKENS = FOLDER.resolve("tokens");
    private static final String OPS = TokensFile.addToken(TOKENS, "ops", "read,write,admin", null);

    @RegisterExtension
    static final RunningServer server =
            new RunningServer("--tokens-file=" + TOKENS, "--tls-certificate-file=" + CHAIN, "--tls-key-file=" + KEY);

    @TempDir
    Path own;

    private static Path folder() {
        try {
            return Files.createTempDirectory(Files.createDirectories(Path.of("target", "access")), "files")
                    .toAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path chain() {
        Path store = CERTIFICATES.signedBy(CA, "server");
        CERTIFICATES.key(store, "server");
        return CERTIFICATES.certificates(store, "server");
    }

    private static TidemarkAdmin admin(String token) {
        return TidemarkAdmin.builder()
                .servers(server.uri().toString())
                .token(token)
                .caCertificates(CA_PEM)
                .timeout(Duration.ofSeconds(20))
                .build();
    }

    private static String newTopic() {
        String name = RunningServer.newName();
        try (TidemarkAdmin admin = admin(OPS)) {
            admin.createTopic(name, 1, Map.of());
        }
        return name;
    }

    private static TidemarkProducer<String, String> producer(AtomicReference<String> token) {
        return TidemarkProducer.builder()
                .servers(server.uri().toString())
                .tokenSupplier(token::get)
                .caCertificates(CA_PEM)
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .deliveryTimeout(Duration.ofSeconds(20))
                .build();
    }

    private static TidemarkConsumer<String, String> consumer(String token) {
        return TidemarkConsumer.builder()
                .servers(server.uri().toString())
                .token(token)
                .caCertificates(CA_PEM)
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build();
    }

    @Test
    void recordsGoThroughAndThePrincipalIsKeptForAuditors() throws SQLException {
        String topic = newTopic();
        String writes = TokensFile.addToken(TOKENS, "billing", "write", topic);
        String reads = TokensFile.addToken(TOKENS, "reports", "read", topic);
        awaitKnown(writes);
        awaitKnown(reads);

        try (TidemarkProducer<String, String> producer = producer(new AtomicReference<>(writes));
                TidemarkConsumer<String, String> consumer = consumer(reads)) {
            producer.send(new ProducerRecord<>(topic, "key", "value")).join();
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            List<String> read = new ArrayList<>();
            await().until(() -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    read.add(record.value());
                }
                return !read.isEmpty();
            });
            assertThat(read).containsExactly("value");
        }

        try (var connection = server.connect();
                var query = connection.prepareStatement("select principal from tidemark.batches where topic = ?")) {
            query.setString(1, topic);
            var row = query.executeQuery();
            row.next();
            assertThat(row.getString(1)).isEqualTo("billing");
        }
    }

    private static void awaitKnown(String token) {
        try (TidemarkAdmin admin = admin(token)) {
            await().ignoreExceptionsInstanceOf(AuthenticationException.class).until(() -> admin.listTopics() != null);
        }
    }

    @Test
    void whatATokenDoesNotAllowIsRefusedThroughTheSdk() {
        String topic = newTopic();
        String writes = TokensFile.addToken(TOKENS, "writer", "write", topic);
        String reads = TokensFile.addToken(TOKENS, "reader", "read", topic);
        awaitKnown(writes);
        awaitKnown(reads);

        try (TidemarkAdmin admin = admin(writes)) {
            assertThatThrownBy(() -> admin.createTopic("another", 1, Map.of()))
                    .isInstanceOfSatisfying(
                            AuthorizationException.class,
                            e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.CLUSTER_AUTHORIZATION_FAILED));
            assertThatThrownBy(() -> admin.deleteTopic(topic))
                    .isInstanceOfSatisfying(
                            AuthorizationException.class,
                            e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.TOPIC_AUTHORIZATION_FAILED));
        }
        try (TidemarkProducer<String, String> producer = producer(new AtomicReference<>(reads))) {
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>(topic, "key", "value"))
                            .join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(AuthorizationException.class);
        }
        refusedToRead(writes, topic, "the principal writer has the permission read on no topic");
        refusedToRead(reads, newTopic(), "the principal reader may not read the topic");
    }

    private static void refusedToRead(String token, String topic, String why) {
        try (TidemarkConsumer<String, String> consumer = consumer(token)) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seek(partition, 0);
            assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(20)))
                    .isInstanceOf(AuthorizationException.class)
                    .hasMessageContaining(why);
        }
    }

    @Test
    void aTokenThatIsTakenBackIsRefusedOnOpenConnectionsAndASupplierGoesOnWithTheNext() throws IOException {
        String topic = newTopic();
        String before = Files.readString(TOKENS);
        AtomicReference<String> token = new AtomicReference<>(TokensFile.addToken(TOKENS, "old", "write", topic));
        awaitKnown(token.get());
        try (TidemarkProducer<String, String> producer = producer(token)) {
            producer.send(new ProducerRecord<>(topic, "key", "1")).join();

            Files.writeString(TOKENS, before);
            await().untilAsserted(() -> assertThatThrownBy(() -> producer.send(new ProducerRecord<>(topic, "key", "x"))
                            .join())
                    .hasCauseInstanceOf(AuthenticationException.class)
                    .hasMessageNotContaining(token.get()));

            token.set(OPS);
            producer.send(new ProducerRecord<>(topic, "key", "2")).join();
        }
    }

    @Test
    void whoeverDoesNotTrustTheCaIsToldWhatToDo() {
        Path wrong = CERTIFICATES.certificates(CERTIFICATES.selfSigned("wrong"), "wrong");
        for (var builder : List.of(
                TidemarkAdmin.builder(),
                TidemarkAdmin.builder().caCertificates(wrong),
                TidemarkAdmin.builder()
                        .caCertificates(CERTIFICATES.selfSigned("stranger"), TestCertificates.PASSWORD))) {
            try (TidemarkAdmin admin =
                    builder.servers(server.uri().toString()).token(OPS).build()) {
                // At once, and not after a minute of trying.
                assertThatThrownBy(admin::listTopics)
                        .isInstanceOf(AuthenticationException.class)
                        .hasMessageContaining("from a CA that is not trusted here")
                        .hasMessageContaining("caCertificates(), or --ca-cert")
                        .hasMessageNotContaining(OPS);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-ext san=dns:elsewhere, is refused: No subject alternative names",
        "-startdate -10d -validity 5, has expired: NotAfter"
    })
    void aCertificateForAnotherAddressOrTimeIsRefusedAndWhyIsSaid(String options, String why) throws Exception {
        Path store = CERTIFICATES.signedBy(CA, "unfit", options.split(" "));
        HttpsServer unfit = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        unfit.setHttpsConfigurator(new HttpsConfigurator(serving(store)));
        unfit.start();
        try (TidemarkAdmin admin = TidemarkAdmin.builder()
                .servers("https://127.0.0.1:" + unfit.getAddress().getPort())
                .caCertificates(CA_PEM)
                .build()) {
            assertThatThrownBy(admin::listTopics)
                    .isInstanceOf(AuthenticationException.class)
                    .hasMessageContaining(why);
        } finally {
            unfit.stop(0);
            Files.delete(store);
        }
    }

    private static SSLContext serving(Path store) throws GeneralSecurityException, IOException {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        char[] password = TestCertificates.PASSWORD.toCharArray();
        keys.init(KeyStore.getInstance(store.toFile(), password), password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    @Test
    void whoeverExpectsTlsWhereThereIsNoneIsToldSo() throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread answering = new Thread(() -> refuseInTheClear(plain));
            answering.start();
            try (TidemarkAdmin admin = TidemarkAdmin.builder()
                    .servers("https://127.0.0.1:" + plain.getLocalPort())
                    .build()) {
                assertThatThrownBy(admin::listTopics)
                        .isInstanceOf(AuthenticationException.class)
                        .hasMessageContaining("answers without TLS");
            }
        }
    }

    /** As a server that knows no TLS does with what it takes for a request. */
    private static void refuseInTheClear(ServerSocket plain) {
        try (Socket connection = plain.accept()) {
            connection.getInputStream().read();
            connection.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whoeverSpeaksInTheClearToTlsIsToldSoAndSeesOnlyWhatIsOpen() {
        String clear = server.uri().toString().replace("https://", "http://");
        try (TidemarkAdmin admin =
                TidemarkAdmin.builder().servers(clear).token(OPS).build()) {
            assertThatThrownBy(admin::listTopics)
                    .isInstanceOfSatisfying(
                            TidemarkException.class,
                            e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST))
                    .hasMessageContaining("https://");
        }
        assertThat(new HttpApi(() -> URI.create(clear)).getText("/health/ready"))
                .contains("ready");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void currentVersionsOfTlsAreSpoken(String version) throws Exception {
        assertThat(certificateShown(version).getSubjectX500Principal().getName())
                .startsWith("CN=");
    }

    @Test
    void olderVersionsOfTlsAreNot() {
        assertThatThrownBy(() -> certificateShown("TLSv1.1")).isInstanceOf(IOException.class);
    }

    @Test
    void aRenewedCertificateIsShownWithoutARestart() throws Exception {
        Path renewed = CERTIFICATES.signedBy(CA, "renewed");
        Path store = CERTIFICATES.certificates(renewed, "renewed");
        Path key = CERTIFICATES.key(renewed, "renewed");

        Files.copy(store, CHAIN, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(key, KEY, StandardCopyOption.REPLACE_EXISTING);

        await().untilAsserted(() -> assertThat(
                        certificateShown("TLSv1.3").getSubjectX500Principal().getName())
                .isEqualTo("CN=renewed"));
        try (TidemarkAdmin admin = admin(OPS)) {
            assertThat(admin.listTopics()).isNotNull();
        }
    }

    /** What a client that trusts everybody is shown. */
    private static X509Certificate certificateShown(String version) throws Exception {
        SSLContext trusting = SSLContext.getInstance("TLS");
        trusting.init(null, new TrustManager[] {new TrustsEverybody()}, null);
        try (SSLSocket socket = (SSLSocket) trusting.getSocketFactory()
                .createSocket("127.0.0.1", server.uri().getPort())) {
            socket.setEnabledProtocols(new String[] {version});
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private static final class TrustsEverybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void theCommandLineTakesTokenAndCaFromTheEnvironment() throws Exception {
        Installation installation = Installation.in(own)
                .with("TIDEMARK_SERVER", server.uri().toString())
                .with("TIDEMARK_CA_CERT", CA_PEM.toString());

        String token = installation
                .shell("bin/tidemark tokens create --file " + TOKENS
                        + " --principal shell --allow read,write,admin 2>/dev/null")
                .output()
                .strip();
        awaitKnown(token);
        var created = installation.with("TIDEMARK_TOKEN", token).shell("bin/tidemark topics create by-shell");
        assertThat(created.output()).contains("Created topic by-shell");

        var without = installation.shell("bin/tidemark topics list");
        assertThat(without.exitCode()).isEqualTo(1);
        assertThat(without.output())
                .contains("no token", "SASL_AUTHENTICATION_FAILED")
                .hasLineCount(1);

        var untrusting = installation.with("TIDEMARK_CA_CERT", "").shell("bin/tidemark topics list --token " + OPS);
        assertThat(untrusting.exitCode()).isEqualTo(1);
        assertThat(untrusting.output()).contains("--ca-cert").hasLineCount(1).doesNotContain(OPS);
    }
}
