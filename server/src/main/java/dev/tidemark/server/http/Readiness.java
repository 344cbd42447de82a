package dev.tidemark.server.http;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Whether the server can do its work now; asked by {@code /health/ready}. */
@FunctionalInterface
public interface Readiness {
    /** What is in the way, in words a caller may see, or null when nothing is. Answers within the bound. */
    @Nullable
    String obstacle(Duration bound);
}
