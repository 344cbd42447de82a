package dev.tidemark.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark groups}: the commands that look after consumer groups. */
@Command(
        name = "groups",
        header = "List, describe, reset and delete consumer groups.",
        description = "A group is made by its first member ('consume --group') or its first committed offset.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark groups describe billing",
            "  tidemark groups reset-offsets billing --topic orders --to earliest"
        })
final class GroupsCommand {
    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private GroupsCommand() {}

    /** @param args of the whole command line, which begins with {@code groups} where it is this command that is wanted */
    static CommandLine commandLine(Streams streams, List<String> args) {
        CommandLine groups = new CommandLine(new GroupsCommand());
        new CommandSet()
                .add("list", () -> new GroupsListCommand(streams))
                .add("describe", () -> new GroupsDescribeCommand(streams))
                .add("reset-offsets", () -> new GroupsResetOffsetsCommand(streams))
                .add("delete", () -> new GroupsDeleteCommand(streams))
                .addTo(groups, args.size() < 2 ? List.of() : args.subList(1, args.size()));
        return groups;
    }
}
