package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/** A server's answer, its body whole. */
record Answer(URI server, int status, byte[] body, Duration retryAfter) {
    boolean isSuccess() {
        return status >= 200 && status < 300;
    }

    /** The body read as that message. @throws TidemarkException when it is not one */
    <T> T as(Class<T> type) {
        try {
            return Json.forMessages().readValue(body, type);
        } catch (IOException e) {
            throw new TidemarkException(
                    ErrorCode.UNKNOWN_SERVER_ERROR,
                    "the answer of " + server + " is not the " + type.getSimpleName() + " expected: " + e.getMessage(),
                    e);
        }
    }
}
