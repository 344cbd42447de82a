package dev.tidemark.protocol;

/** Which partition a record with a key goes to: as Apache Kafka's default partitioner decides, so that data can move between the two. */
public final class Partitioner {
    private Partitioner() {}

    /**
     * The partition of a key.
     *
     * @param key the serialized key; empty is a key, null is not
     * @param partitionCount at least 1
     */
    public static int forKey(byte[] key, int partitionCount) {
        return forKey(key, 0, key.length, partitionCount);
    }

    /** The partition of a key that lies in an array. */
    public static int forKey(byte[] bytes, int at, int length, int partitionCount) {
        return (Murmur2.hash(bytes, at, length) & Integer.MAX_VALUE) % partitionCount;
    }
}
