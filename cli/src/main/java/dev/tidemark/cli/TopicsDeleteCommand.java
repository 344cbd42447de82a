package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemark topics delete}. */
@Command(
        name = "delete",
        header = "Delete a topic and all its records.",
        description = "Asks nothing and cannot be undone. The name must be the topic's exact one.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark topics delete orders")
final class TopicsDeleteCommand implements Runnable {
    @Parameters(paramLabel = "NAME", description = "The topic.")
    private String name = "";

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TopicsDeleteCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        try (TidemarkAdmin admin = server.admin()) {
            admin.deleteTopic(name);
            streams.say("Deleted topic " + name + ".");
        }
    }
}
