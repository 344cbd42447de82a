package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import io.javalin.http.Context;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters of a request: every refusal names the parameter, the value and what is legal. An unknown parameter is refused, because it may be a known one misspelt. */
final class Query {
    private static final int SHOWN_CHARS = 60;

    private final Map<String, String> values;

    private Query(Map<String, String> values) {
        this.values = values;
    }

    /** @throws ApiException INVALID_REQUEST when there are others than the known ones, or one twice */
    static Query of(Context ctx, String... known) {
        String text = ctx.req().getQueryString();
        Map<String, String> values = new HashMap<>();
        if (text != null && !text.isEmpty()) {
            for (String pair : text.split("&")) {
                int equals = pair.indexOf('=');
                String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
                requireKnown(name, List.of(known));
                if (values.put(name, equals < 0 ? "" : decoded(pair.substring(equals + 1))) != null) {
                    throw invalid("the parameter " + name + " is given twice");
                }
            }
        }
        return new Query(values);
    }

    private static void requireKnown(String name, List<String> known) {
        if (!known.contains(name)) {
            throw invalid("unknown parameter \"" + shortened(name) + "\"; "
                    + (known.isEmpty() ? "there are none here" : "known here are " + String.join(", ", known)));
        }
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw invalid("\"" + shortened(text) + "\" in the query is not URL-encoded");
        }
    }

    @Nullable
    String text(String name) {
        return values.get(name);
    }

    String requiredText(String name, String legal) {
        String value = values.get(name);
        if (value == null || value.isEmpty()) {
            throw invalid("the parameter " + name + " is missing; it is " + legal);
        }
        return value;
    }

    int integer(String name, int otherwise, int min, int max) {
        String value = values.get(name);
        return value == null ? otherwise : (int) integer(name, value, min, max);
    }

    /** A whole number in its bounds, from a parameter or a part of the path. */
    static long integer(String name, String value, long min, long max) {
        if (isDigits(value)) {
            long number = Long.parseLong(value);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw illegal(name, value, "a whole number from " + min + " to " + max);
    }

    /** Digits alone, few enough for a long. */
    static boolean isDigits(String value) {
        return !value.isEmpty() && value.length() <= 18 && value.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    static ApiException illegal(String name, String value, String legal) {
        return invalid(name + " must be " + legal + ", not \"" + shortened(value) + "\"");
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "…";
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
