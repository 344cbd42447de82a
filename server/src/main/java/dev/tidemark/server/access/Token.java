package dev.tidemark.server.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Bearer tokens, which only we make: 256 random bits. That is why one round of SHA-256 is the right hash for them. A slow one, such as bcrypt, makes up for what passwords chosen by people lack, and there are none
 * here; it would cost every request milliseconds, and strangers could make us spend them.
 */
final class Token {
    /** Tells people and scanners for leaked secrets what it is. */
    static final String PREFIX = "tidemark_";

    private static final int RANDOM_BYTES = 32;
    private static final Pattern FORM = Pattern.compile(PREFIX + "[A-Za-z0-9_-]{43}");

    private Token() {}

    static String fresh(SecureRandom random) {
        byte[] bytes = new byte[RANDOM_BYTES];
        random.nextBytes(bytes);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Whether we may have made it. A password somebody chose is refused by this, even where its hash was written into the file by hand. */
    static boolean isWellFormed(String text) {
        return FORM.matcher(text).matches();
    }

    static Hash hash(String token) {
        try {
            return new Hash(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** What is kept of a token. Compared in constant time. */
    static final class Hash {
        private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

        private final byte[] bytes;

        private Hash(byte[] bytes) {
            this.bytes = bytes;
        }

        /** @throws IllegalArgumentException when it is no SHA-256 in lower-case hex; without the text, which may be a token put there by mistake */
        static Hash ofHex(String text) {
            if (!HEX.matcher(text).matches()) {
                throw new IllegalArgumentException("must be 64 hexadecimal digits in lower case");
            }
            return new Hash(HexFormat.of().parseHex(text));
        }

        String hex() {
            return HexFormat.of().formatHex(bytes);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Hash hash && MessageDigest.isEqual(bytes, hash.bytes);
        }

        /** Where it lies in a table may show in timing, and helps nobody: who could choose a token by its hash had broken SHA-256. */
        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }
}
