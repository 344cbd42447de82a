package dev.tidemark.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Everything a server can be told. A setting is known by the same name as a flag ({@code --http-port}), as an environment variable
 * ({@code TIDEMARK_HTTP_PORT}) and as a key of the properties file (either of the two, or {@code http.port}). A flag wins over the environment, the
 * environment over the file, the file over the default.
 */
public enum Setting {
    CONFIG_FILE("FILE", "none", "A properties file with settings"),
    JDBC_URL(
            "URL",
            "an embedded PostgreSQL",
            "The PostgreSQL to live in: jdbc:postgresql://host:port/database?user=…&password=…"),
    DB_USER("NAME", "as the URL says", "The role, where the URL names none"),
    DB_PASSWORD(
            "PASSWORD",
            "as the URL says",
            "Its password. Anybody on the machine may read flags: prefer the environment"),
    DB_POOL_SIZE("N", "10", "Connections to PostgreSQL, opened at start and kept"),
    DB_PREPARE_THRESHOLD("N", "5, and 0 through a pooler", "Executions after which a statement is prepared; 0 never"),
    DB_START_TIMEOUT_MS("MS", "30000", "How long a PostgreSQL that cannot be reached yet is waited for at start"),
    DATA_DIR("DIR", "./tidemark-data", "Where the embedded PostgreSQL lives"),
    SCHEMA("NAME", "tidemark", "The SQL schema of views and functions; tables live in the same name + _internal"),
    TOPIC_SCHEMA("NAME", "topic", "The SQL schema with one relation a topic"),
    HTTP_HOST(
            "HOST",
            "127.0.0.1",
            "The address to listen on; any but this machine's own needs --tokens-file or --allow-anonymous"),
    HTTP_PORT("PORT", "8080", "The port to listen on; 0: any free one, printed at start"),
    ADVERTISED_URL("URL", "where it listens", "Where clients reach this server, for GET /v1/cluster: http://host:port"),
    LISTEN_JDBC_URL(
            "URL", "as JDBC_URL", "A way to the same PostgreSQL past any pooler, to hear of what other servers append"),
    ALLOW_ANONYMOUS(
            "true|false", "false", "Whether everybody who reaches the server, and shows no token, may do everything"),
    TOKENS_FILE("FILE", "none", "Who may do what, by bearer token; tidemark tokens create writes it"),
    TLS_KEYSTORE_FILE("FILE", "none", "A PKCS12 or JKS keystore with the certificate and key to serve HTTPS with"),
    TLS_KEYSTORE_PASSWORD("PASSWORD", "none", "The keystore's password. Prefer the environment"),
    TLS_CERTIFICATE_FILE("FILE", "none", "Instead of a keystore: a PEM file, the server's own certificate first"),
    TLS_KEY_FILE("FILE", "none", "The certificate's private key, a PEM file in PKCS#8"),
    TLS_KEY_PASSWORD("PASSWORD", "none", "The private key's password, where it has one of its own"),
    MAX_REQUEST_BYTES("BYTES", "16777216", "The largest HTTP request"),
    APPEND_LANES("N", "2", "Database transactions that append at a time"),
    APPEND_TIMEOUT_MS(
            "MS",
            "2000",
            "How long an append waits for a lock, and another server may stand still with one; then it is to be tried again"),
    MAX_QUEUED_BYTES(
            "BYTES",
            "67108864, at most a twelfth of the heap",
            "Records waiting to be appended, past which requests are refused"),
    MAX_APPEND_BYTES_PER_SECOND(
            "BYTES",
            "no bound",
            "Records this server appends a second, past which requests are refused until it is their turn"),
    MAX_LOG_BYTES(
            "BYTES", "no bound", "What the log may take on disk, of all servers together, before appends are refused"),
    MAX_SEGMENTS(
            "N", "10000", "Segments (tables) of all topics, past which no further partition can begin; 0: no bound"),
    TAIL_CACHE_BYTES("BYTES", "134217728, at most an eighth of the heap", "Newest records kept in memory"),
    READ_AHEAD_BYTES(
            "BYTES",
            "33554432, at most a thirty-second of the heap",
            "Records read from PostgreSQL before a consumer that reads along asks for them; 0: none"),
    OFFSETS_RETENTION_MS(
            "MS",
            "604800000",
            "How long a consumer group without members and commits is kept with its offsets; -1: for ever"),
    OFFSET_HISTORY_RETENTION_MS(
            "MS",
            "604800000",
            "How long commits that others followed, past members and past owners are kept; -1: for ever"),
    GROUP_MAX_SIZE("N", "10000", "Members of a consumer group, past which nobody joins it"),
    MAX_GROUPS(
            "N",
            "10000",
            "Consumer groups, of all servers together, past which requests make no further one; 0: no bound"),
    STOP_TIMEOUT_MS(
            "MS", "10000", "How long a stop waits for requests under way, and then for the embedded PostgreSQL");

    private static final String ENVIRONMENT_PREFIX = "TIDEMARK_";

    private final String placeholder;
    private final String defaultText;
    private final String help;

    Setting(String placeholder, String defaultText, String help) {
        this.placeholder = placeholder;
        this.defaultText = defaultText;
        this.help = help;
    }

    public String environmentVariable() {
        return ENVIRONMENT_PREFIX + name();
    }

    public String flag() {
        return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What stands for the value in a help text. */
    public String placeholder() {
        return placeholder;
    }

    /** The default, in words for a help text. */
    public String defaultText() {
        return defaultText;
    }

    /** One sentence for a help text. */
    public String help() {
        return help;
    }

    /** Whether a flag may stand without a value, and is then true. */
    public boolean isSwitch() {
        return this == ALLOW_ANONYMOUS;
    }

    /** Whether the value may hold a password, and must not be shown. */
    boolean isSecret() {
        return switch (this) {
            case DB_PASSWORD, JDBC_URL, LISTEN_JDBC_URL, TLS_KEYSTORE_PASSWORD, TLS_KEY_PASSWORD -> true;
            default -> false;
        };
    }

    /** By its name without prefix, in any spelling: {@code http-port}, {@code http.port}, {@code TIDEMARK_HTTP_PORT}. */
    static Optional<Setting> named(String spelling) {
        String upper = spelling.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_');
        String name = upper.startsWith(ENVIRONMENT_PREFIX) ? upper.substring(ENVIRONMENT_PREFIX.length()) : upper;
        return Arrays.stream(values())
                .filter(setting -> setting.name().equals(name))
                .findFirst();
    }
}
