package dev.tidemark.cli;

import org.jspecify.annotations.Nullable;

/**
 * Which database {@code sql} runs on.
 *
 * @param user null when the URL names it
 * @param password null when the URL holds it or none is needed
 * @param hint what to try when it cannot be reached, with what leads over to it; may be empty
 */
record DatabaseLocation(
        String jdbcUrl, @Nullable String user, @Nullable String password, String hint) {
    /** The URL without its parameters, which may hold a password. */
    String shown() {
        int parameters = jdbcUrl.indexOf('?');
        return parameters < 0 ? jdbcUrl : jdbcUrl.substring(0, parameters);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "DatabaseLocation[" + shown() + "]";
    }
}
