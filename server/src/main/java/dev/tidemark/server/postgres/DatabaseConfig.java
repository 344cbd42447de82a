package dev.tidemark.server.postgres;

import org.jspecify.annotations.Nullable;

/**
 * Which database, and how many connections to it.
 *
 * @param jdbcUrl starts with {@code jdbc:postgresql:}; parameters in it win over everything set here
 * @param user null when the URL names it
 * @param password null when the URL holds it or none is needed
 * @param poolSize connections, 2 to 1000, opened at start and kept
 * @param prepareThreshold executions after which pgjdbc prepares a statement on the server; 0 never does; {@link #PREPARE_AS_FITS} never does through a
 *     pooler, and after 5 elsewhere
 */
public record DatabaseConfig(
        String jdbcUrl,
        @Nullable String user,
        @Nullable String password,
        int poolSize,
        int prepareThreshold,
        SchemaNames schemas) {
    public static final int DEFAULT_POOL_SIZE = 10;

    /** Left to what is found at connecting. */
    public static final int PREPARE_AS_FITS = -1;

    private static final int DIRECT_PREPARE_THRESHOLD = 5;

    public DatabaseConfig {
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException("the JDBC URL must start with jdbc:postgresql:");
        }
        if (poolSize < 2 || poolSize > 1000) {
            throw new IllegalArgumentException("the pool size must be 2 to 1000, not " + poolSize);
        }
        if (prepareThreshold < PREPARE_AS_FITS) {
            throw new IllegalArgumentException("the prepare threshold must be 0 or more, not " + prepareThreshold);
        }
    }

    /** A complete URL, and defaults. */
    public static DatabaseConfig of(String jdbcUrl) {
        return new DatabaseConfig(jdbcUrl, null, null, DEFAULT_POOL_SIZE, PREPARE_AS_FITS, SchemaNames.DEFAULT);
    }

    /** The same with the prepare threshold settled, where it was left open. */
    DatabaseConfig preparing(boolean pooled) {
        int threshold = pooled ? 0 : DIRECT_PREPARE_THRESHOLD;
        return prepareThreshold == PREPARE_AS_FITS
                ? new DatabaseConfig(jdbcUrl, user, password, poolSize, threshold, schemas)
                : this;
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
