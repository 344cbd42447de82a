package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;

/** A transaction holds more than {@code maxTransactionBytes} of records; nothing of it is sent. */
public final class TransactionTooLargeException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    TransactionTooLargeException(String message) {
        super(ErrorCode.MESSAGE_TOO_LARGE, message);
    }
}
