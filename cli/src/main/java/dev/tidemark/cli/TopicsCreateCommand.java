package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark topics create}. */
@Command(
        name = "create",
        header = "Create a topic.",
        footerHeading = "%nConfigs have Kafka's names, units and defaults; ours are:%n",
        footer = {
            "  key.type      bytes (default) or text",
            "  value.type    bytes (default), text or json",
            "Types decide how SQL shows the topic and what records it takes; they are fixed once it has records.",
            "",
            "Examples:",
            "  tidemark topics create orders",
            "  tidemark topics create changes --partitions 6 \\",
            "      --config key.type=text --config value.type=json --config retention.ms=-1"
        })
final class TopicsCreateCommand implements Runnable {
    @Parameters(paramLabel = "NAME", description = "1 to 249 letters, digits, dots, underscores and hyphens.")
    private String name = "";

    @Option(
            names = "--partitions",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many partitions, 1 to 10,000; more can be added later. Default: 1")
    private int partitions;

    @Option(names = "--config", paramLabel = "KEY=VALUE", description = "Set a config; may be repeated.")
    private Map<String, String> configs = new LinkedHashMap<>();

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TopicsCreateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        try (TidemarkAdmin admin = server.admin()) {
            int made = admin.createTopic(name, partitions, configs).partitionCount();
            streams.say("Created topic " + name + " with " + Quantity.of(made, "partition") + ".");
        }
    }
}
