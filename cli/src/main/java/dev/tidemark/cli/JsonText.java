package dev.tidemark.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.Arrays;

/** Reads JSON without ever making numbers or texts of it that would not come out as they went in. */
final class JsonText {
    /** As deep as a value may nest; the parser does not recurse, but whoever reads the topic may. */
    private static final int MAX_DEPTH = 10_000;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            // Names come from the data: interning them would fill the JVM's table.
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .build();

    private JsonText() {}

    /** Reads something from a parser. */
    interface Reading<T> {
        T read(JsonParser parser) throws IOException, BadLine;
    }

    /** Runs the reading on a JSON text; {@code what} names the text when it is none. */
    static <T> T read(byte[] text, String what, Reading<T> reading) throws BadLine {
        refuseUtf16(text, what);
        try (JsonParser parser = FACTORY.createParser(text)) {
            return reading.read(parser);
        } catch (JsonProcessingException e) {
            throw new BadLine(what + " is not JSON: " + firstLine(e.getOriginalMessage()) + " at byte "
                    + Math.max(e.getLocation().getByteOffset(), 0));
        } catch (IOException e) {
            throw new BadLine(what + " is not JSON: " + e.getMessage());
        }
    }

    /** The JSON text of the value the parser stands at, byte for byte; the parser goes on behind it. */
    static byte[] slice(JsonParser parser, byte[] text) throws IOException {
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        return Arrays.copyOfRange(text, from, (int) parser.currentLocation().getByteOffset());
    }

    /** Jackson would read UTF-16 and UTF-32 too, and its positions would not be ours. No JSON text in UTF-8 has a zero byte. */
    private static void refuseUtf16(byte[] text, String what) throws BadLine {
        for (int i = 0; i < Math.min(4, text.length); i++) {
            if (text[i] == 0) {
                throw new BadLine(what + " is not JSON: a zero byte at byte " + i);
            }
        }
    }

    private static String firstLine(String message) {
        int newline = message.indexOf('\n');
        return newline < 0 ? message : message.substring(0, newline);
    }
}
