package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;

/**
 * The application has not polled for longer than {@code maxPollInterval}, so the consumer has left its group and others may read its partitions. Thrown once, by the poll that comes back; the next one joins anew. Work on fewer records
 * a poll ({@code maxPollRecords}), or set a longer interval.
 */
public final class MaxPollIntervalExceededException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public MaxPollIntervalExceededException(String message) {
        super(ErrorCode.UNKNOWN_MEMBER_ID, message);
    }

    static String explain(Duration sinceLastPoll, Duration maxPollInterval) {
        return "poll was not called for " + sinceLastPoll.toMillis() + " ms, longer than maxPollInterval ("
                + maxPollInterval.toMillis()
                + " ms), so this consumer has left its group: take fewer records a poll (maxPollRecords), or set a longer interval";
    }
}
