package dev.tidemark.integration.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A process with a member in each of three groups, which all read the topic "input": one notes what it has read and commits afterwards (at least once); one writes where each record was read to the
 * topic "output" and commits in one transaction (exactly once); one keeps a table of files up to date and commits in the same database transaction (exactly once). Runs until it is told to stop, and
 * begins anew whenever something fails.
 */
final class GroupWorker {
    static final String NOTING = "noting";
    static final String PIPELINE = "pipeline";
    static final String FILES = "files";
    static final List<String> GROUPS = List.of(NOTING, PIPELINE, FILES);

    static final String INPUT = "input";
    static final String OUTPUT = "output";

    /** What it prints when its members are about to join. */
    static final String READY = "working";

    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(4);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int STOP_WITHIN_SECONDS = 30;

    private final String servers;
    private final String jdbcUrl;
    private final String name;
    private volatile boolean stopping;

    private GroupWorker(String servers, String jdbcUrl, String name) {
        this.servers = servers;
        this.jdbcUrl = jdbcUrl;
        this.name = name;
    }

    /** Servers, JDBC URL, name. */
    public static void main(String[] args) {
        GroupWorker worker = new GroupWorker(args[0], args[1], args[2]);
        ExecutorService threads = Executors.newFixedThreadPool(GROUPS.size());
        threads.execute(() -> worker.again(NOTING, worker::note));
        threads.execute(() -> worker.again(PIPELINE, worker::pipe));
        threads.execute(() -> worker.again(FILES, worker::keepFiles));
        threads.shutdown();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> worker.stop(threads)));
        System.out.println(READY);
    }

    private void stop(ExecutorService threads) {
        stopping = true;
        try {
            if (!threads.awaitTermination(STOP_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(name + " did not stop in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Life {
        void live(TidemarkConsumer<String, String> consumer) throws SQLException;
    }

    private void again(String group, Life life) {
        while (!stopping) {
            try (TidemarkConsumer<String, String> consumer = consumer(group)) {
                consumer.subscribe(List.of(INPUT));
                life.live(consumer);
            } catch (TidemarkException | SQLException e) {
                System.err.println(name + " begins anew in " + group + ": " + e);
            }
        }
    }

    private TidemarkConsumer<String, String> consumer(String group) {
        return TidemarkConsumer.builder()
                .servers(servers)
                .groupId(group)
                .clientId(name)
                .sessionTimeout(SESSION_TIMEOUT)
                .heartbeatInterval(SESSION_TIMEOUT.dividedBy(4))
                .requestTimeout(Duration.ofSeconds(5))
                .enableAutoCommit(false)
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build();
    }

    private void note(TidemarkConsumer<String, String> consumer) throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                PreparedStatement insert =
                        connection.prepareStatement("insert into noted (partition, record_offset) values (?, ?)")) {
            while (!stopping) {
                ConsumerRecords<String, String> records = consumer.poll(POLL);
                for (ConsumerRecord<String, String> record : records) {
                    insert.setInt(1, record.partition());
                    insert.setLong(2, record.offset());
                    insert.addBatch();
                }
                insert.executeBatch();
                consumer.commitSync();
            }
        }
    }

    private void pipe(TidemarkConsumer<String, String> consumer) {
        try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                .servers(servers)
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .build()) {
            while (!stopping) {
                ConsumerRecords<String, String> records = consumer.poll(POLL);
                if (records.isEmpty()) {
                    continue;
                }
                producer.transaction(transaction -> {
                    for (ConsumerRecord<String, String> record : records) {
                        String place = record.partition() + "@" + record.offset();
                        transaction.send(new ProducerRecord<>(OUTPUT, record.key(), place));
                    }
                    transaction.commit(consumer);
                });
            }
        }
    }

    private void keepFiles(TidemarkConsumer<String, String> consumer) throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                PreparedStatement upsert = connection.prepareStatement("""
                        insert into file (path, change, changes) values (?, ?, 1)
                        on conflict (path) do update set change = excluded.change, changes = file.changes + 1
                        """)) {
            connection.setAutoCommit(false);
            while (!stopping) {
                ConsumerRecords<String, String> records = consumer.poll(POLL);
                for (ConsumerRecord<String, String> record : records) {
                    upsert.setString(1, record.key());
                    upsert.setString(2, change(record.value()));
                    // One at a time: a path may be there twice.
                    upsert.executeUpdate();
                }
                consumer.commit(connection);
                connection.commit();
            }
        }
    }

    static String change(String event) {
        try {
            JsonNode change = new ObjectMapper().readTree(event).get("change");
            return change.textValue();
        } catch (IOException e) {
            throw new IllegalStateException("not an event: " + event, e);
        }
    }
}
