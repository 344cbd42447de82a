package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import io.javalin.http.Context;
import java.util.Locale;

/** Which of our two forms a body has, and which an answer should have. */
final class ContentTypes {
    private ContentTypes() {}

    /** Whether a body that may be either is binary. @throws ApiException UNSUPPORTED_MEDIA_TYPE when it is neither */
    static boolean isBinary(Context ctx) {
        if (MediaTypes.RECORDS_V1.equals(mediaType(ctx))) {
            return true;
        }
        requireJson(ctx, MediaTypes.JSON + " or " + MediaTypes.RECORDS_V1);
        return false;
    }

    /** The same for a body over several topics. */
    static boolean isBinaryTransaction(Context ctx) {
        if (MediaTypes.TRANSACTION_V1.equals(mediaType(ctx))) {
            return true;
        }
        requireJson(ctx, MediaTypes.JSON + " or " + MediaTypes.TRANSACTION_V1);
        return false;
    }

    /** @throws ApiException UNSUPPORTED_MEDIA_TYPE when the body is not JSON; without a content type it is taken for JSON */
    static void requireJson(Context ctx) {
        requireJson(ctx, MediaTypes.JSON);
    }

    private static void requireJson(Context ctx, String expected) {
        String type = ctx.req().getContentType();
        if (type == null || type.isBlank()) {
            return;
        }
        if (!mediaType(ctx).equals(MediaTypes.JSON) || !hasUtf8Charset(type)) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "the content type is " + type + "; this resource reads " + expected + ", in UTF-8");
        }
    }

    /** Whether the answer should be binary: when the caller names that form in Accept. Anything else gets JSON. */
    static boolean wantsBinary(Context ctx) {
        String accept = ctx.req().getHeader("Accept");
        return accept != null && accept.toLowerCase(Locale.ROOT).contains(MediaTypes.RECORDS_V1);
    }

    private static String mediaType(Context ctx) {
        String type = ctx.req().getContentType();
        if (type == null) {
            return "";
        }
        int end = type.indexOf(';');
        return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    }

    private static boolean hasUtf8Charset(String type) {
        int at = type.toLowerCase(Locale.ROOT).indexOf("charset=");
        if (at < 0) {
            return true;
        }
        String charset = type.substring(at + "charset=".length()).replace("\"", "");
        int end = charset.indexOf(';');
        return (end < 0 ? charset : charset.substring(0, end)).strip().equalsIgnoreCase("utf-8");
    }
}
