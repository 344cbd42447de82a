package dev.tidemark.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark cluster}: the commands for all servers over one database together. */
@Command(
        name = "cluster",
        header = "What concerns all servers over one database.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tidemark cluster bump-epoch --reason 'data directory of Monday put back'")
final class ClusterCommand {
    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private ClusterCommand() {}

    /** @param args of the whole command line, which begins with {@code cluster} where it is this command that is wanted */
    static CommandLine commandLine(Streams streams, List<String> args) {
        CommandLine cluster = new CommandLine(new ClusterCommand());
        new CommandSet()
                .add("bump-epoch", () -> new ClusterBumpEpochCommand(streams))
                .addTo(cluster, args.size() < 2 ? List.of() : args.subList(1, args.size()));
        return cluster;
    }
}
