package dev.tidemark.client;

/**
 * What goes into a {@link Transaction}.
 *
 * @param <X> what it throws: then nothing of it is sent
 */
@FunctionalInterface
public interface TransactionWork<K, V, X extends Exception> {
    void addTo(Transaction<K, V> transaction) throws X;
}
