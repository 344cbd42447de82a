package dev.tidemark.integration.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.Acks;
import dev.tidemark.integration.door.BinaryClient;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Refused;
import dev.tidemark.integration.server.RunningServer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The metrics of a server that has done a bit of everything: some are there only once there was something to count. */
final class ExposedMetrics {
    private ExposedMetrics() {}

    /** What Prometheus calls a metric: without the suffixes of its series. */
    static Set<String> names(RunningServer server) {
        doABitOfEverything(server);
        Map<String, String> types = typesNow(server);
        Set<String> names = new TreeSet<>(types.keySet());
        // A summary's maximum is a gauge of its own, and part of its row.
        names.removeIf(name -> name.endsWith("_max")
                && List.of("summary", "histogram")
                        .contains(types.getOrDefault(name.substring(0, name.length() - "_max".length()), "")));
        return names;
    }

    private static Map<String, String> typesNow(RunningServer server) {
        Map<String, String> types = new TreeMap<>();
        server.http()
                .getText("/metrics")
                .lines()
                .filter(line -> line.startsWith("# TYPE "))
                .map(line -> line.split(" "))
                .forEach(words -> types.put(words[2], words[3]));
        return types;
    }

    private static void doABitOfEverything(RunningServer server) {
        String topic = RunningServer.newName();
        LogClient client = new BinaryClient(server.http());
        client.createTopic(topic, 1, Map.of("value.type", "json"));
        client.produce(topic, Acks.ALL, List.of(Message.of("k", "{}")));
        assertThat(new JsonClient(server.http()).describeTopic(topic).name()).isEqualTo(topic);
        try {
            client.produce(topic, Acks.ALL, List.of(Message.of("k", "no JSON")));
        } catch (Refused expected) {
            // Counted.
        }
        commitOffsets(server, topic);
        try {
            server.http().get("/no/such/path");
        } catch (Refused expected) {
            // Counted.
        }
        // The collector's metrics come with its first collection.
        System.gc();
        await().until(() -> typesNow(server).keySet().stream().anyMatch(name -> name.startsWith("jvm_gc_pause")));
        // Lag is read every few seconds.
        await().until(() -> typesNow(server).containsKey("tidemark_group_lag_records"));
    }

    private static void commitOffsets(RunningServer server, String topic) {
        for (int offset = 1; offset <= 2; offset++) {
            Map<String, Object> one = Map.of("topic", topic, "partition", 0, "committed_offset", offset);
            try {
                server.http().post("/v1/groups/some-group/offsets", Map.of("offsets", List.of(one)));
            } catch (Refused expected) {
                // The second is above the log end, and counted.
            }
        }
    }
}
