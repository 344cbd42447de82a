package dev.tidemark.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary body of a fetch answer ({@link MediaTypes#RECORDS_V1}): one section a partition, in the order of the request.
 *
 * <pre>
 * int32 number of sections, then for each
 *   int16 error code ({@link ErrorCode#code}; 0: none)
 *   int16 length of the error's detail, and the detail in UTF-8
 *   int64 log start offset
 *   int64 high watermark
 *   int64 last stable offset
 *   int32 leader epoch
 *   int64 next offset: where to go on
 *   int32 number of records
 *   int32 length in bytes of the records
 *         the records, each laid out as {@link RecordLayout} says
 * </pre>
 *
 * Integers are big-endian.
 */
public final class FetchFrame {
    public static final int HEADER_BYTES = 4;

    private static final int FIXED_SECTION_BYTES = 2 + 2 + 8 + 8 + 8 + 4 + 8 + 4 + 4;

    private FetchFrame() {}

    /**
     * A section without its records.
     *
     * @param errorCode 0 when the partition was read
     * @param detail empty when there is no error
     */
    public record SectionHeader(
            short errorCode,
            String detail,
            long logStartOffset,
            long highWatermark,
            long lastStableOffset,
            int leaderEpoch,
            long nextOffset,
            int recordCount,
            int length) {}

    /** A section read from an answer; its records lie in {@code bytes} from {@code at} for {@code header.length()} bytes. */
    public record Section(SectionHeader header, byte[] bytes, int at) {}

    public static byte[] header(int sectionCount) {
        byte[] bytes = new byte[HEADER_BYTES];
        RecordLayout.putInt(bytes, 0, sectionCount);
        return bytes;
    }

    /** The bytes of a section up to its records. */
    public static byte[] encode(SectionHeader header) {
        byte[] detail = header.detail().getBytes(StandardCharsets.UTF_8);
        int detailLength = Math.min(detail.length, Short.MAX_VALUE);
        return ByteBuffer.allocate(FIXED_SECTION_BYTES + detailLength)
                .putShort(header.errorCode())
                .putShort((short) detailLength)
                .put(detail, 0, detailLength)
                .putLong(header.logStartOffset())
                .putLong(header.highWatermark())
                .putLong(header.lastStableOffset())
                .putInt(header.leaderEpoch())
                .putLong(header.nextOffset())
                .putInt(header.recordCount())
                .putInt(header.length())
                .array();
    }

    /**
     * Reads an answer.
     *
     * @throws IllegalArgumentException when the bytes are not a whole answer
     */
    public static List<Section> read(byte[] bytes) {
        try {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            int count = in.getInt();
            if (count < 0 || count > bytes.length / FIXED_SECTION_BYTES) {
                throw new IllegalArgumentException(
                        "a fetch answer of " + bytes.length + " bytes with " + count + " sections");
            }
            List<Section> sections = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                SectionHeader header = readHeader(in);
                sections.add(new Section(header, bytes, in.position()));
                in.position(in.position() + header.length());
            }
            return sections;
        } catch (java.nio.BufferUnderflowException | IllegalArgumentException e) {
            throw new IllegalArgumentException("a fetch answer that is cut off or malformed", e);
        }
    }

    private static SectionHeader readHeader(ByteBuffer in) {
        short errorCode = in.getShort();
        byte[] detail = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(detail);
        return new SectionHeader(
                errorCode,
                new String(detail, StandardCharsets.UTF_8),
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getInt(),
                in.getLong(),
                in.getInt(),
                in.getInt());
    }
}
