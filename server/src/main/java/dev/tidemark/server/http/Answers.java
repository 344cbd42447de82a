package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.server.log.tail.Slice;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes answers. No thread waits for who reads them: a small one goes into a buffer that Jetty sends when the request is done, the rest of a larger one is an
 * {@link AnswerWriting}. Straight to the servlet: Javalin's {@code result} would copy through a buffer of 32 KiB made for each request.
 */
final class Answers {
    /** What goes into Jetty's buffer, which holds more and is filled once. */
    static final int SMALL_BYTES = 8 * 1024;

    private static final Runnable NOTHING = () -> {};

    private Answers() {}

    static void json(Context ctx, int status, Object answer) {
        try {
            bytes(ctx, status, MediaTypes.JSON, Json.MAPPER.writeValueAsBytes(answer));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void bytes(Context ctx, int status, String contentType, byte[] body) {
        ctx.status(status).contentType(contentType);
        slices(ctx, List.of(new Slice(body, 0, body.length)), body.length, NOTHING);
    }

    /**
     * The body is these bytes, one after the other. Status and content type are set.
     *
     * @param afterwards run once they are not held any more
     */
    static void slices(Context ctx, List<Slice> body, long length, Runnable afterwards) {
        if (length <= SMALL_BYTES) {
            try {
                // Without the length, which Jetty finds by itself: told it, it would send the last bytes at once, on
                // this thread.
                for (Slice slice : body) {
                    buffer(ctx, slice);
                }
            } finally {
                afterwards.run();
            }
            return;
        }
        ctx.res().setContentLengthLong(length);
        Iterator<Slice> rest = body.iterator();
        AnswerWriting.begin(ctx, () -> rest.hasNext() ? rest.next() : null, afterwards);
    }

    /**
     * An answer of status 200 that is not held in memory.
     *
     * @param afterwards run once what it is made of is not held any more
     */
    static void jsonPieces(Context ctx, JsonPieces.Text text, Runnable afterwards) {
        ctx.status(200).contentType(MediaTypes.JSON);
        try {
            AnswerWriting.Source pieces = new JsonPieces(text);
            Slice first = pieces.next();
            if (first != null && first.length() <= SMALL_BYTES) {
                slices(ctx, List.of(first), first.length(), afterwards);
            } else {
                AnswerWriting.begin(ctx, new Rest(first, pieces), afterwards);
            }
        } catch (IOException e) {
            afterwards.run();
            throw new UncheckedIOException(e);
        }
    }

    /** A piece that was taken already, and those behind it. */
    private static final class Rest implements AnswerWriting.Source {
        private final AnswerWriting.Source pieces;
        private @Nullable Slice first;

        Rest(@Nullable Slice first, AnswerWriting.Source pieces) {
            this.first = first;
            this.pieces = pieces;
        }

        @Override
        public @Nullable Slice next() throws IOException {
            Slice piece = first;
            first = null;
            return piece == null ? pieces.next() : piece;
        }
    }

    private static void buffer(Context ctx, Slice slice) {
        try {
            ctx.res().getOutputStream().write(slice.bytes(), slice.at(), slice.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void noContent(Context ctx) {
        ctx.status(204);
        // Javalin's default would claim text for a body that is not there.
        ctx.res().setContentType(null);
    }
}
