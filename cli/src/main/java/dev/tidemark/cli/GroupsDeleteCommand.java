package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemark groups delete}. */
@Command(
        name = "delete",
        header = "Delete a consumer group and what it has committed.",
        description = "The group must have no members. Asks nothing and cannot be undone; records stay.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark groups delete billing")
final class GroupsDeleteCommand implements Runnable {
    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group = "";

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    GroupsDeleteCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        try (TidemarkAdmin admin = server.admin()) {
            admin.deleteGroup(group);
            streams.say("Deleted group " + group + ".");
        }
    }
}
