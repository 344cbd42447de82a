package dev.tidemark.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemark tokens}: the commands that manage a server's tokens file. */
@Command(
        name = "tokens",
        header = "Make the bearer tokens that a server asks for.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark tokens create --file tokens --principal ops --allow read,write,admin",
            "  tidemark server --tokens-file tokens"
        })
final class TokensCommand {
    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private TokensCommand() {}

    /** @param args of the whole command line, which begins with {@code tokens} where it is this command that is wanted */
    static CommandLine commandLine(Streams streams, List<String> args) {
        CommandLine tokens = new CommandLine(new TokensCommand());
        new CommandSet()
                .add("create", () -> new TokensCreateCommand(streams))
                .addTo(tokens, args.size() < 2 ? List.of() : args.subList(1, args.size()));
        return tokens;
    }
}
