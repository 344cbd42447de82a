import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;

/** {@code create BOOTSTRAP NAME PARTITIONS} and {@code delete BOOTSTRAP NAME}: Kafka's own topic command ends its JVM, so it cannot be kept warm. */
public final class KafkaTopics {
    private static final long TIMEOUT_S = 60;
    private static final long PAUSE_MS = 50;

    private KafkaTopics() {}

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, args[1]);
        try (Admin admin = Admin.create(properties)) {
            if (args[0].equals("create")) {
                NewTopic topic = new NewTopic(args[2], Optional.of(Integer.parseInt(args[3])), Optional.empty());
                admin.createTopics(List.of(topic)).all().get(TIMEOUT_S, TimeUnit.SECONDS);
                awaitLeaders(admin, topic);
            } else {
                admin.deleteTopics(List.of(args[2])).all().get(TIMEOUT_S, TimeUnit.SECONDS);
            }
        }
    }

    /**
     * Asks every partition for its end, which only a leader that is ready answers. A producer that comes earlier may see the first batch of a partition
     * refused and its second taken; the first is then out of order for ever, and the run lasts until the delivery timeout.
     */
    private static void awaitLeaders(Admin admin, NewTopic topic) throws Exception {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int i = 0; i < topic.numPartitions(); i++) {
            ends.put(new TopicPartition(topic.name(), i), OffsetSpec.latest());
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (true) {
            try {
                admin.listOffsets(ends).all().get(TIMEOUT_S, TimeUnit.SECONDS);
                return;
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof RetriableException) || System.nanoTime() > deadline) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
        }
    }
}
