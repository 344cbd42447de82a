package dev.tidemark.client;

/** {@link TidemarkConsumer#wakeup} ended a wait. Not an error: the way to stop a consumer from another thread. */
public final class WakeupException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WakeupException() {
        super("the consumer was woken up");
    }
}
