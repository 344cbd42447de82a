package dev.tidemark.examples;

import dev.tidemark.client.CommitFailedException;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.TidemarkConsumer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Work in the database that Tidemark lives in, exactly once: what a record does and that it is done are committed in one database transaction. Here each record names a customer, whose orders are counted.
 *
 * <pre>{@code
 * create table order_count (customer text primary key, orders bigint not null);
 * }</pre>
 */
public final class BusinessTransaction {
    private final TidemarkConsumer<String, String> consumer;
    private final Connection connection;

    /**
     * @param consumer subscribed, with {@code enableAutoCommit(false)}
     * @param connection with {@code setAutoCommit(false)}, of a role that may use {@code tidemark.commit_offsets}
     */
    public BusinessTransaction(TidemarkConsumer<String, String> consumer, Connection connection) {
        this.consumer = consumer;
        this.connection = connection;
    }

    /** One turn of the loop. @return how many records it has dealt with. @throws SQLException when the connection is broken: go on with another, and the same consumer */
    public int step() throws SQLException {
        ConsumerRecords<String, String> orders = consumer.poll(Duration.ofSeconds(1));
        if (orders.isEmpty()) {
            return 0;
        }
        try {
            for (ConsumerRecord<String, String> order : orders) {
                count(order);
            }
            consumer.commit(connection);
            connection.commit();
            return orders.count();
        } catch (SQLException | CommitFailedException failed) {
            // All or nothing: the same records come again, here or wherever their partitions are by then. First this,
            // since a connection that broke has nothing to roll back, and says so.
            consumer.seekToCommitted();
            connection.rollback();
            return 0;
        }
    }

    private void count(ConsumerRecord<String, String> order) throws SQLException {
        try (PreparedStatement add = connection.prepareStatement("insert into order_count values (?, 1)"
                + " on conflict (customer) do update set orders = order_count.orders + 1")) {
            add.setString(1, order.value());
            add.executeUpdate();
        }
    }
}
