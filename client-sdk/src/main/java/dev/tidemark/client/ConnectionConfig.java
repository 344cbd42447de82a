package dev.tidemark.client;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How the servers are reached.
 *
 * @param servers any of them may serve any request; at least one
 * @param security the token that is sent, and the CAs that are trusted
 * @param requestTimeout how long one request may take before it is sent again
 * @param retryBackoff the first wait between two tries; doubles, with jitter, up to {@code retryBackoffMax}
 */
record ConnectionConfig(
        List<URI> servers,
        Security security,
        Duration requestTimeout,
        Duration retryBackoff,
        Duration retryBackoffMax) {
    /** Far beyond use, and far from where nanoseconds overflow. */
    private static final Duration MAX_DURATION = Duration.ofDays(365);

    static final ConnectionConfig DEFAULT = new ConnectionConfig(
            List.of(URI.create("http://localhost:8080")),
            Security.NONE,
            Duration.ofSeconds(30),
            Duration.ofMillis(100),
            Duration.ofSeconds(1));

    ConnectionConfig {
        servers = List.copyOf(servers);
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("at least one server address is needed");
        }
        requirePositive("requestTimeout", requestTimeout);
        requirePositive("retryBackoff", retryBackoff);
        requirePositive("retryBackoffMax", retryBackoffMax);
        if (retryBackoffMax.compareTo(retryBackoff) < 0) {
            throw new IllegalArgumentException("retryBackoffMax must not be less than retryBackoff");
        }
    }

    ConnectionConfig withServers(String... addresses) {
        List<URI> uris = new ArrayList<>();
        for (String address : addresses) {
            for (String one : address.split(",", -1)) {
                uris.add(parse(one.strip()));
            }
        }
        return new ConnectionConfig(uris, security, requestTimeout, retryBackoff, retryBackoffMax);
    }

    ConnectionConfig with(Security newSecurity) {
        return new ConnectionConfig(servers, newSecurity, requestTimeout, retryBackoff, retryBackoffMax);
    }

    ConnectionConfig withRequestTimeout(Duration timeout) {
        return new ConnectionConfig(servers, security, timeout, retryBackoff, retryBackoffMax);
    }

    ConnectionConfig withRetryBackoff(Duration first, Duration max) {
        return new ConnectionConfig(servers, security, requestTimeout, first, max);
    }

    private static URI parse(String address) {
        URI uri;
        try {
            uri = URI.create(address.contains("://") ? address : "http://" + address);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not a server address: '" + address + "' (want http://host:port)", e);
        }
        boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        boolean bare = uri.getRawQuery() == null && uri.getRawFragment() == null && uri.getRawUserInfo() == null;
        if (!http || uri.getHost() == null || !bare) {
            throw new IllegalArgumentException("not a server address: '" + address + "' (want http://host:port)");
        }
        String text = uri.toString();
        return text.endsWith("/") ? URI.create(text.substring(0, text.length() - 1)) : uri;
    }

    static void requirePositive(String name, Duration duration) {
        if (duration.isZero()) {
            throw new IllegalArgumentException(name + " must be more than 0");
        }
        requireNotNegative(name, duration);
    }

    static void requireNotNegative(String name, Duration duration) {
        if (duration.isNegative() || duration.compareTo(MAX_DURATION) > 0) {
            throw new IllegalArgumentException(name + " must be 0 to 365 days, not " + duration);
        }
    }

    /** The token must not reach a log. */
    @Override
    public String toString() {
        return "ConnectionConfig[servers=" + servers + "]";
    }
}
