package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tidemark.server.log.tail.Slice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A JSON text in pieces of some tens of kilobytes, made as they are asked for. When the writing fails, the text stays visibly unfinished: nothing closes what is open. */
final class JsonPieces implements AnswerWriting.Source {
    private static final int PIECE_BYTES = 32 * 1024;

    private final Text text;
    private final Buffer buffer = new Buffer();
    private final JsonGenerator out;
    private boolean finished;

    /** A text, a little at a time. */
    interface Text {
        /** @return whether there is more */
        boolean writeSome(JsonGenerator out) throws IOException;
    }

    private static final class Buffer extends ByteArrayOutputStream {
        /** The array is given away; the next piece gets another. */
        Slice take() {
            Slice piece = new Slice(buf, 0, count);
            buf = new byte[PIECE_BYTES];
            count = 0;
            return piece;
        }
    }

    JsonPieces(Text text) throws IOException {
        this.text = text;
        this.out = Json.FACTORY.createGenerator(buffer);
    }

    @Override
    public @Nullable Slice next() throws IOException {
        if (finished) {
            return null;
        }
        while (!finished && buffer.size() + out.getOutputBuffered() < PIECE_BYTES) {
            finished = !text.writeSome(out);
        }
        if (finished) {
            out.close();
        } else {
            out.flush();
        }
        return buffer.take();
    }
}
