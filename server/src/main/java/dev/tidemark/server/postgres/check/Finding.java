package dev.tidemark.server.postgres.check;

/**
 * What a check found.
 *
 * @param refusal whether a server must not start; otherwise it is a warning
 * @param line what is the case, and what to do about it; follows "the database at …"
 */
public record Finding(boolean refusal, String line) {
    static Finding refusal(String line) {
        return new Finding(true, line);
    }

    static Finding warning(String line) {
        return new Finding(false, line);
    }
}
