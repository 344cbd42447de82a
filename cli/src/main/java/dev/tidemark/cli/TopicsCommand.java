package dev.tidemark.cli;

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

    static CommandLine commandLine(Streams streams) {
        return new CommandLine(new TopicsCommand())
                .addSubcommand(new TopicsCreateCommand(streams))
                .addSubcommand(new TopicsListCommand(streams))
                .addSubcommand(new TopicsDescribeCommand(streams))
                .addSubcommand(new TopicsAlterCommand(streams))
                .addSubcommand(new TopicsDeleteCommand(streams));
    }
}
