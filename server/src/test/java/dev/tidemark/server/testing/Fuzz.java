package dev.tidemark.server.testing;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;

/**
 * Runs a property over random inputs, and says with which seed it failed. An ordinary build runs the same few rounds every time; {@code -Dtidemark.fuzz=SECONDS} makes
 * each test run that long with seeds of its own, and {@code -Dtidemark.fuzz.seed=N} runs the one round that failed.
 */
public final class Fuzz {
    private static final long SECONDS = Long.getLong("tidemark.fuzz", 0);
    private static final Long ONLY = Long.getLong("tidemark.fuzz.seed");
    private static final long FIRST_SEED = 20_261_125;
    private static final Duration ROUND_PATIENCE = Duration.ofSeconds(20);

    /** What parsers stumble over: ends, signs, lengths and counts that cannot be. */
    private static final int[] ODD_INTS = {
        0, 1, -1, 2, 7, 8, 26, 50, 255, 256, 65_535, 1 << 20, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE
    };

    private static final String JSON_CHARACTERS = "\"\\{}[],:0123456789eE+-.untrfals \n";

    private Fuzz() {}

    /** One try. */
    public interface Round {
        void run(Random random) throws Exception;
    }

    /** @param rounds in an ordinary build */
    public static void run(int rounds, Round round) {
        if (ONLY != null) {
            run(ONLY, round);
            return;
        }
        long seed = SECONDS == 0 ? FIRST_SEED : System.nanoTime();
        long endNanos = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        for (int done = 0; done < rounds || SECONDS > 0 && System.nanoTime() - endNanos < 0; done++) {
            run(seed + done, round);
        }
    }

    private static void run(long seed, Round round) {
        long start = System.nanoTime();
        try {
            round.run(new Random(seed));
        } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError("failed with -Dtidemark.fuzz.seed=" + seed + ": " + e, e);
        }
        if (System.nanoTime() - start > ROUND_PATIENCE.toNanos()) {
            throw new AssertionError("took longer than " + ROUND_PATIENCE + " with -Dtidemark.fuzz.seed=" + seed);
        }
    }

    /** The bytes with a few things done to them that happen to bytes, or that somebody does. */
    public static byte[] mutated(byte[] bytes, Random random) {
        byte[] mutated = bytes;
        for (int times = 1 + random.nextInt(4); times > 0; times--) {
            mutated = mutatedOnce(mutated, random);
        }
        return mutated;
    }

    private static byte[] mutatedOnce(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return new byte[random.nextInt(8)];
        }
        int at = random.nextInt(bytes.length);
        int length = 1 + random.nextInt(Math.min(40, bytes.length - at));
        byte[] copy = bytes.clone();
        switch (random.nextInt(8)) {
            case 0 -> copy[at] = (byte) random.nextInt(256);
            case 1 -> copy[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> copy[at] = (byte) JSON_CHARACTERS.charAt(random.nextInt(JSON_CHARACTERS.length()));
            case 3 -> copy = Arrays.copyOf(copy, at);
            case 4 -> copy = spliced(bytes, at, length, new byte[0]);
            case 5 -> copy = spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
            case 6 -> putOddInt(copy, at, random);
            default -> copy = spliced(bytes, at, 0, randomBytes(random, 12));
        }
        return copy;
    }

    private static byte[] spliced(byte[] bytes, int at, int without, byte[] with) {
        return ByteBuffer.allocate(bytes.length - without + with.length)
                .put(bytes, 0, at)
                .put(with)
                .put(bytes, at + without, bytes.length - at - without)
                .array();
    }

    private static void putOddInt(byte[] bytes, int at, Random random) {
        if (bytes.length >= 4) {
            int value = random.nextInt(8) == 0
                    ? bytes.length - random.nextInt(60)
                    : ODD_INTS[random.nextInt(ODD_INTS.length)];
            ByteBuffer.wrap(bytes).putInt(Math.min(at, bytes.length - 4), value);
        }
    }

    /** Up to so many. */
    public static byte[] randomBytes(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Printable or not, in ASCII or far beyond it, without lone surrogates. */
    public static String text(Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            switch (random.nextInt(6)) {
                case 0 -> text.append((char) (1 + random.nextInt(31)));
                case 1 -> text.appendCodePoint(0xA0 + random.nextInt(0x2000));
                case 2 -> text.appendCodePoint(0x1F300 + random.nextInt(0x300));
                default -> text.append((char) (' ' + random.nextInt(95)));
            }
        }
        return text.toString();
    }

    /** The text as a JSON string. */
    public static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c < ' ' || c == '"' || c == '\\') {
                json.append(String.format("\\u%04x", c));
            } else {
                json.append((char) c);
            }
        });
        return json.append('"').toString();
    }

    /** Bytes as they are, for a message. */
    public static String shown(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Work that may throw. */
    public interface Work {
        void run() throws Exception;
    }

    /** Bytes this thread takes for the work, whether or not it keeps them. */
    public static long allocatedBytes(Work work) throws Exception {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
