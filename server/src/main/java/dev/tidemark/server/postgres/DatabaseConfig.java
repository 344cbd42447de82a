package dev.tidemark.server.postgres;

import org.jspecify.annotations.Nullable;

/**
 * Which database, and how many connections to it.
 *
 * @param jdbcUrl starts with {@code jdbc:postgresql:}; parameters in it win over everything set here
 * @param user null when the URL names it
 * @param password null when the URL holds it or none is needed
 * @param poolSize connections, 2 to 1000, opened at start and kept
 * @param prepareThreshold executions after which pgjdbc prepares a statement on the server; 0 never does, for pgbouncer before 1.21
 */
public record DatabaseConfig(
        String jdbcUrl,
        @Nullable String user,
        @Nullable String password,
        int poolSize,
        int prepareThreshold,
        SchemaNames schemas) {
    public static final int DEFAULT_POOL_SIZE = 10;
    public static final int DEFAULT_PREPARE_THRESHOLD = 5;

    public DatabaseConfig {
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException("the JDBC URL must start with jdbc:postgresql:");
        }
        if (poolSize < 2 || poolSize > 1000) {
            throw new IllegalArgumentException("the pool size must be 2 to 1000, not " + poolSize);
        }
        if (prepareThreshold < 0) {
            throw new IllegalArgumentException("the prepare threshold must be 0 or more, not " + prepareThreshold);
        }
    }

    /** A complete URL, and defaults. */
    public static DatabaseConfig of(String jdbcUrl) {
        return new DatabaseConfig(
                jdbcUrl, null, null, DEFAULT_POOL_SIZE, DEFAULT_PREPARE_THRESHOLD, SchemaNames.DEFAULT);
    }

    /** The URL without its parameters, which may hold a password. */
    public String location() {
        int parameters = jdbcUrl.indexOf('?');
        return parameters < 0 ? jdbcUrl : jdbcUrl.substring(0, parameters);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "DatabaseConfig[" + location() + ", poolSize=" + poolSize + ", prepareThreshold=" + prepareThreshold
                + ", schemas=" + schemas + "]";
    }
}
