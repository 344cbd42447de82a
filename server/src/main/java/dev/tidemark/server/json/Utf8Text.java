package dev.tidemark.server.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Whether bytes are UTF-8 (RFC 3629), and whether PostgreSQL's {@code text} can hold them, which excludes NUL. Thread-safe; allocates only for an error. */
public final class Utf8Text {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long LOW_BITS = 0x0101010101010101L;

    private Utf8Text() {}

    /**
     * What keeps the bytes from being PostgreSQL text: a clause naming the byte's position (from 0, counted from {@code at}), such as
     * {@code a NUL at byte 3}; null when nothing does.
     */
    public static @Nullable String check(byte[] bytes, int at, int length) {
        int fault = firstFault(bytes, at, length);
        return fault < 0 ? null : describe(bytes, fault, at);
    }

    /** Whether the bytes are UTF-8; NUL is. */
    public static boolean isUtf8(byte[] bytes, int at, int length) {
        int end = at + length;
        int next = at;
        while (true) {
            int fault = firstFault(bytes, next, end - next);
            if (fault < 0) {
                return true;
            }
            if (bytes[fault] != 0) {
                return false;
            }
            next = fault + 1;
        }
    }

    /** The index in the array of the first byte that is NUL or begins what is not UTF-8; -1 when there is none. */
    static int firstFault(byte[] bytes, int at, int length) {
        int end = at + length;
        int p = at;
        while (true) {
            p = skipAscii(bytes, p, end);
            if (p == end) {
                return -1;
            }
            int sequence = sequenceLength(bytes, p, end);
            if (sequence == 0) {
                return p;
            }
            p += sequence;
        }
    }

    /** The first position from {@code p} whose byte is not ASCII, or is NUL. */
    private static int skipAscii(byte[] bytes, int p, int end) {
        while (p <= end - Long.BYTES) {
            long word = (long) LONG.get(bytes, p);
            // A byte of 0 borrows, one of 128 and more has its high bit: both show in a high bit, no other byte does
            // unless after a 0.
            if ((((word - LOW_BITS) | word) & HIGH_BITS) != 0) {
                break;
            }
            p += Long.BYTES;
        }
        while (p < end && bytes[p] > 0) {
            p++;
        }
        return p;
    }

    /** The length (2 to 4) of the well-formed sequence of several bytes that begins at {@code p}, or 0 when none does. RFC 3629, section 4. */
    static int sequenceLength(byte[] bytes, int p, int end) {
        int lead = bytes[p] & 0xff;
        if (lead < 0xc2 || lead > 0xf4) {
            return 0;
        }
        int length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (length > end - p || !mayFollow(lead, bytes[p + 1])) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if (!isContinuation(bytes[p + i])) {
                return 0;
            }
        }
        return length;
    }

    /** The second byte's range is narrower after four lead bytes: it excludes overlong forms, surrogates and code points past U+10FFFF. */
    private static boolean mayFollow(int lead, byte second) {
        if (!isContinuation(second)) {
            return false;
        }
        int value = second & 0xff;
        return switch (lead) {
            case 0xe0 -> value >= 0xa0;
            case 0xed -> value < 0xa0;
            case 0xf0 -> value >= 0x90;
            case 0xf4 -> value < 0x90;
            default -> true;
        };
    }

    private static boolean isContinuation(byte value) {
        return (value & 0xc0) == 0x80;
    }

    private static String describe(byte[] bytes, int fault, int at) {
        return bytes[fault] == 0
                ? "a NUL at byte " + (fault - at)
                : String.format("no valid UTF-8 at byte %d (0x%02X)", fault - at, bytes[fault]);
    }
}
