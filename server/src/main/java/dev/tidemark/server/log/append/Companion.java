package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Work of the caller's that takes place together with an append, or not at all: in the same database transaction, once the partitions' locks are had and the
 * batches have their offsets, before the records are written.
 *
 * <p>It runs on a thread and a connection of the log's while partitions are locked, so it is a statement or two. It takes no lock on a partition, and waits
 * for others no longer than the transaction's {@code lock_timeout}. It may run again, in another database transaction, when the first was rolled back. It does
 * not run for batches that are all duplicates: then it has taken place with the first ones.
 */
@FunctionalInterface
public interface Companion {
    /**
     * Does it, without ending the transaction.
     *
     * @throws ApiException to have the transaction rolled back and the append refused with that error
     * @throws SQLException the same, when the database is the trouble
     */
    void inTransaction(Connection connection) throws SQLException;
}
