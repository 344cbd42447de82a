package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark topics alter}. */
@Command(
        name = "alter",
        header = "Add partitions to a topic, or change its configs.",
        description =
                "Configs are changed before partitions are added. With more partitions, the keys of later records may lie in"
                        + " other partitions than those of earlier ones.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark topics alter orders --partitions 12",
            "  tidemark topics alter orders --config retention.ms=-1",
            "  tidemark topics alter orders --delete-config segment.ms"
        })
final class TopicsAlterCommand implements Runnable {
    @Parameters(paramLabel = "NAME", description = "The topic.")
    private String name = "";

    @Option(names = "--partitions", paramLabel = "N", description = "Add partitions so that there are N.")
    private @Nullable Integer partitions;

    @Option(names = "--config", paramLabel = "KEY=VALUE", description = "Set a config; may be repeated.")
    private Map<String, String> configs = new LinkedHashMap<>();

    @Option(
            names = "--delete-config",
            paramLabel = "KEY",
            split = ",",
            description = "Set a config back to its default; may be repeated.")
    private List<String> deletedConfigs = new ArrayList<>();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TopicsAlterCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        Map<String, @Nullable String> changes = changes();
        try (TidemarkAdmin admin = server.admin()) {
            if (!changes.isEmpty()) {
                admin.alterConfigs(name, changes);
                streams.say("Changed " + Quantity.of(changes.size(), "config") + " of topic " + name + ".");
            }
            if (partitions != null) {
                int count = admin.createPartitions(name, partitions).partitionCount();
                streams.say("Topic " + name + " has " + Quantity.of(count, "partition") + " now.");
            }
        }
    }

    private Map<String, @Nullable String> changes() {
        Map<String, @Nullable String> changes = new LinkedHashMap<>(configs);
        for (String config : deletedConfigs) {
            if (configs.containsKey(config)) {
                throw standard.wrongUsage("config " + config + " is both set and deleted");
            }
            changes.put(config, null);
        }
        if (changes.isEmpty() && partitions == null) {
            throw standard.wrongUsage("nothing to alter: give --partitions, --config or --delete-config");
        }
        return changes;
    }
}
