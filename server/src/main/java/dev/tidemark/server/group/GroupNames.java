package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.nio.charset.StandardCharsets;

/** What groups, members and instances may be called: up to 249 bytes of UTF-8 without control characters. */
public final class GroupNames {
    private static final int MAX_BYTES = 249;
    private static final int SHOWN_CHARS = 60;
    private static final String LEGAL = "1 to " + MAX_BYTES + " bytes of UTF-8 without control characters";

    private GroupNames() {}

    /** @throws ApiException INVALID_GROUP_ID */
    public static void requireLegalGroup(String name) {
        if (!isLegal(name)) {
            throw new ApiException(
                    ErrorCode.INVALID_GROUP_ID, "a group's name is " + LEGAL + ", not \"" + shown(name) + "\"");
        }
    }

    /**
     * Whatever else has a name.
     *
     * @param what such as {@code "member_id"}, for the message
     * @throws ApiException INVALID_REQUEST
     */
    public static void requireLegal(String what, String name) {
        if (!isLegal(name)) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST, what + " must be " + LEGAL + ", not \"" + shown(name) + "\"");
        }
    }

    private static boolean isLegal(String name) {
        return !name.isEmpty()
                && name.length() <= MAX_BYTES
                && isText(name)
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES;
    }

    /** Whether the database can hold it, and a line of the log. */
    static boolean isText(String name) {
        return name.chars().noneMatch(Character::isISOControl)
                && StandardCharsets.UTF_8.newEncoder().canEncode(name);
    }

    /** For messages and the log, where it stands in quotes. */
    static String shown(String name) {
        String printable = name.codePoints()
                .map(c -> Character.isISOControl(c) ? '?' : c == '"' || c == '\\' ? '\'' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return printable.length() <= SHOWN_CHARS ? printable : printable.substring(0, SHOWN_CHARS) + "…";
    }
}
