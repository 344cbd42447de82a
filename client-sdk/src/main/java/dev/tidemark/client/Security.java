package dev.tidemark.client;

import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What servers are shown, and which of them are trusted.
 *
 * @param token asked for each request, by the thread that sends it; null for none
 * @param tls for {@code https} addresses; null: the JDK's own, with the CAs it trusts
 */
record Security(
        @Nullable Supplier<@Nullable String> token,
        @Nullable SSLContext tls) {
    static final Security NONE = new Security(null, null);

    private static final String LEGAL_TOKEN = "the token must be visible ASCII characters without spaces";

    /** @throws IllegalArgumentException when it is none that can be sent; without it */
    Security withToken(@Nullable String fixed) {
        if (fixed == null) {
            return new Security(null, tls);
        }
        if (!isLegal(fixed)) {
            throw new IllegalArgumentException(LEGAL_TOKEN);
        }
        return new Security(() -> fixed, tls);
    }

    Security withToken(Supplier<@Nullable String> supplier) {
        return new Security(supplier, tls);
    }

    Security withTls(SSLContext context) {
        return new Security(token, context);
    }

    /** The token for one request. @throws AuthenticationException when there is none to be had */
    @Nullable
    String currentToken() {
        if (token == null) {
            return null;
        }
        String current;
        try {
            current = token.get();
        } catch (RuntimeException failure) {
            throw new AuthenticationException(
                    "the supplier of tokens failed: " + failure.getClass().getSimpleName(), failure);
        }
        if (current != null && !isLegal(current)) {
            throw new AuthenticationException(LEGAL_TOKEN, null);
        }
        return current;
    }

    private static boolean isLegal(String token) {
        return !token.isEmpty() && token.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    /** The token must not reach a log. */
    @Override
    public String toString() {
        return "Security[]";
    }
}
