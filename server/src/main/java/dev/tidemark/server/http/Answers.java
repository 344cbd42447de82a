package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tidemark.protocol.MediaTypes;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Writes whole answers. Straight to the servlet: Javalin's {@code result} would copy through a buffer of 32 KiB made for each request.
 */
final class Answers {
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
        ctx.res().setContentLength(body.length);
        try {
            ctx.res().getOutputStream().write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What writes an answer as it goes out. */
    interface JsonWriting {
        void to(JsonGenerator out) throws IOException;
    }

    /** An answer of status 200 that is not held in memory. When the writing fails it stays visibly unfinished: nothing closes what is open. */
    static void jsonStream(Context ctx, JsonWriting writing) {
        ctx.status(200).contentType(MediaTypes.JSON);
        try {
            JsonGenerator out = Json.FACTORY.createGenerator(ctx.res().getOutputStream());
            writing.to(out);
            out.close();
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
