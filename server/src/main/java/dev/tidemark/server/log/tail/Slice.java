package dev.tidemark.server.log.tail;

import java.util.List;

/** Bytes of an array that is not copied; shared, never to be written to. */
public record Slice(byte[] bytes, int at, int length) {
    /** The bytes of several, one after another, in an array that holds nothing else. */
    public static Slice together(List<Slice> slices) {
        byte[] all = new byte[slices.stream().mapToInt(Slice::length).sum()];
        int at = 0;
        for (Slice slice : slices) {
            System.arraycopy(slice.bytes(), slice.at(), all, at, slice.length());
            at += slice.length();
        }
        return new Slice(all, 0, at);
    }
}
