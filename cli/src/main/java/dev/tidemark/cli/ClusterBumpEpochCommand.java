package dev.tidemark.cli;

import dev.tidemark.client.TidemarkAdmin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemark cluster bump-epoch}. */
@Command(
        name = "bump-epoch",
        header = "Begin a new leader epoch, after PostgreSQL was put back to an older state.",
        description =
                "Every server forgets what it remembers of the log and asks the database. Needed after a plain copy of PostgreSQL's files was put back"
                        + " while no server ran; other restores and failovers are noticed without it. Harmless at any other time.",
        footerHeading = "%nExample:%n",
        footer = "  tidemark cluster bump-epoch --reason 'data directory of Monday put back'")
final class ClusterBumpEpochCommand implements Runnable {
    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Why, in up to 500 characters; kept with the epoch.")
    private String reason = "";

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    ClusterBumpEpochCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        try (TidemarkAdmin admin = server.admin()) {
            streams.say("Leader epoch " + admin.bumpLeaderEpoch(reason) + " has begun.");
        }
    }
}
