package dev.tidemark.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark topics}: the commands that manage topics. */
@Command(
        name = "topics",
        header = "Create, list, describe, alter and delete topics.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark topics create changes --partitions 6 --config value.type=json",
            "  tidemark topics describe changes",
            "  tidemark topics alter changes --config retention.ms=-1"
        })
final class TopicsCommand {
    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private TopicsCommand() {}

    /** @param args of the whole command line, which begins with {@code topics} where it is this command that is wanted */
    static CommandLine commandLine(Streams streams, List<String> args) {
        CommandLine topics = new CommandLine(new TopicsCommand());
        new CommandSet()
                .add("create", () -> new TopicsCreateCommand(streams))
                .add("list", () -> new TopicsListCommand(streams))
                .add("describe", () -> new TopicsDescribeCommand(streams))
                .add("alter", () -> new TopicsAlterCommand(streams))
                .add("delete", () -> new TopicsDeleteCommand(streams))
                .addTo(topics, args.size() < 2 ? List.of() : args.subList(1, args.size()));
        return topics;
    }
}
