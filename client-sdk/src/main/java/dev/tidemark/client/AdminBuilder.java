package dev.tidemark.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link TidemarkAdmin}. Not thread-safe. */
public final class AdminBuilder {
    private ConnectionConfig connection = ConnectionConfig.DEFAULT;
    private Duration timeout = Duration.ofSeconds(60);

    AdminBuilder() {}

    /**
     * Addresses as {@code http://host:port} or {@code https://host:port}, several separated by commas or as several arguments; {@code http://localhost:8080} until set. Any server may serve any request. The client stays with
     * one of them, drawn by lot; goes to another when that refuses, breaks off, says that it cannot serve, or has answered nothing for about 4 s; and comes back some seconds after it is ready again.
     */
    public AdminBuilder servers(String... addresses) {
        connection = connection.withServers(addresses);
        return this;
    }

    /** The bearer token to send; none until set. Over {@code http} it can be read on the way: use {@code https} beyond your own machine. */
    public AdminBuilder token(@Nullable String token) {
        connection = connection.with(connection.security().withToken(token));
        return this;
    }

    /**
     * Where the bearer token comes from that each request sends, for tokens that change while the client runs. Asked by threads of the client's before each request, so it should answer from memory; null: none is
     * sent. What it throws fails the request with {@link AuthenticationException}.
     */
    public AdminBuilder tokenSupplier(Supplier<@Nullable String> supplier) {
        connection = connection.with(connection.security().withToken(Objects.requireNonNull(supplier)));
        return this;
    }

    /** Trust, for {@code https} addresses, servers whose certificates lead to one in this PEM file, and no others; until set, those the JDK trusts. @throws IllegalArgumentException when the file cannot be used */
    public AdminBuilder caCertificates(Path file) {
        return caCertificates(file, null);
    }

    /** The same with a PKCS12 or JKS truststore, and its password. @throws IllegalArgumentException when the file cannot be used */
    public AdminBuilder caCertificates(Path file, @Nullable String password) {
        return sslContext(CaCertificates.tls(file, password));
    }

    /** Everything about TLS in your own hands, client certificates too; for {@code https} addresses. */
    public AdminBuilder sslContext(SSLContext context) {
        connection = connection.with(connection.security().withTls(Objects.requireNonNull(context)));
        return this;
    }

    /** How long a method may take, retries included; 60 s until set. */
    public AdminBuilder timeout(Duration duration) {
        ConnectionConfig.requirePositive("timeout", duration);
        timeout = duration;
        return this;
    }

    /** How long one request may take before it is sent again; 30 s until set. */
    public AdminBuilder requestTimeout(Duration duration) {
        connection = connection.withRequestTimeout(duration);
        return this;
    }

    /** Connects to nothing yet. */
    public TidemarkAdmin build() {
        return new TidemarkAdmin(connection, timeout);
    }
}
