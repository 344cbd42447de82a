package dev.tidemark.examples;

import dev.tidemark.client.OutboxProducer;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * Tells others of what happens in a database, without an outbox table and a process that empties it: the record is in the log if and only if the order is in its table.
 *
 * <pre>{@code
 * create table placed_order (id bigint primary key, customer text not null);
 * }</pre>
 */
public final class OrderDesk {
    private final OutboxProducer<String, String> outbox = OutboxProducer.builder()
            .keySerializer(Serializers.text())
            .valueSerializer(Serializers.text())
            .build();

    private final String topic;

    public OrderDesk(String topic) {
        this.topic = topic;
    }

    /** @param connection with {@code setAutoCommit(false)}, of a role that may use {@code tidemark.produce} */
    public void place(Connection connection, long id, String customer) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into placed_order values (?, ?)")) {
            insert.setLong(1, id);
            insert.setString(2, customer);
            outbox.send(connection, new ProducerRecord<>(topic, customer, "order " + id));
            insert.executeUpdate();
            connection.commit();
        } catch (SQLException failed) {
            connection.rollback();
            throw failed;
        }
    }
}
