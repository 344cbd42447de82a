package dev.tidemark.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link TidemarkAdmin}. Not thread-safe. */
public final class AdminBuilder {
    private ConnectionConfig connection = ConnectionConfig.DEFAULT;
    private Duration timeout = Duration.ofSeconds(60);

    AdminBuilder() {}

    /**
     * Addresses as {@code http://host:port}, several separated by commas or as several arguments; {@code http://localhost:8080} until set. Any server may serve any request. The client stays with
     * one of them, drawn by lot; goes to another when that refuses, breaks off, says that it cannot serve, or has answered nothing for about 4 s; and comes back some seconds after it is ready again.
     */
    public AdminBuilder servers(String... addresses) {
        connection = connection.withServers(addresses);
        return this;
    }

    /** The bearer token to send; none until set. */
    public AdminBuilder token(@Nullable String token) {
        connection = connection.withToken(token);
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
