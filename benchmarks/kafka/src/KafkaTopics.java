import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/** {@code create BOOTSTRAP NAME PARTITIONS} and {@code delete BOOTSTRAP NAME}: Kafka's own topic command ends its JVM, so it cannot be kept warm. */
public final class KafkaTopics {
    private static final long TIMEOUT_S = 60;

    private KafkaTopics() {}

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, args[1]);
        try (Admin admin = Admin.create(properties)) {
            if (args[0].equals("create")) {
                NewTopic topic = new NewTopic(args[2], Optional.of(Integer.parseInt(args[3])), Optional.empty());
                admin.createTopics(List.of(topic)).all().get(TIMEOUT_S, TimeUnit.SECONDS);
            } else {
                admin.deleteTopics(List.of(args[2])).all().get(TIMEOUT_S, TimeUnit.SECONDS);
            }
        }
    }
}
