package dev.tidemark.protocol;

import java.util.List;

/** Headers as JSON text, the form they are stored in: an array of [name, value] pairs that keeps order, repeats and bytes. */
public final class HeaderCodec {
    private HeaderCodec() {}

    /** The JSON text of the headers in UTF-8; at least one header. */
    public static byte[] encode(List<Header> headers) {
        throw new UnsupportedOperationException();
    }

    /**
     * The headers of a JSON text.
     *
     * @throws IllegalArgumentException naming what is wrong, when the text is not what {@link #encode} can write
     */
    public static List<Header> decode(byte[] json, int at, int length) {
        throw new UnsupportedOperationException();
    }
}
