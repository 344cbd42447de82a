package dev.tidemark.protocol;

/** The 32-bit murmur2 hash with the seed Apache Kafka's Java client uses, so that keys go to the same partitions as there. */
public final class Murmur2 {
    private static final int SEED = 0x9747b28c;
    private static final int M = 0x5bd1e995;
    private static final int R = 24;

    private Murmur2() {}

    public static int hash(byte[] bytes) {
        return hash(bytes, 0, bytes.length);
    }

    public static int hash(byte[] bytes, int at, int length) {
        int h = SEED ^ length;
        int end = at + (length & ~3);
        int i = at;
        for (; i < end; i += 4) {
            int k = Integer.reverseBytes(RecordLayout.getInt(bytes, i)) * M;
            k ^= k >>> R;
            h = h * M ^ k * M;
        }
        int left = length & 3;
        if (left == 3) {
            h ^= (bytes[i + 2] & 0xff) << 16;
        }
        if (left >= 2) {
            h ^= (bytes[i + 1] & 0xff) << 8;
        }
        if (left >= 1) {
            h = (h ^ bytes[i] & 0xff) * M;
        }
        h ^= h >>> 13;
        h *= M;
        return h ^ h >>> 15;
    }
}
