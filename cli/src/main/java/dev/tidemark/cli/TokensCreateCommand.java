package dev.tidemark.cli;

import dev.tidemark.server.access.TokensFile;
import dev.tidemark.server.file.UnusableFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemark tokens create}. */
@Command(
        name = "create",
        header = "Make a token, print it, and add its line to a tokens file.",
        description = {
            "The token is printed on standard output, once: the file keeps only its hash."
                    + " Servers that read the file take the token up within seconds.",
            "To take it back, delete the line from the file."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark tokens create --file tokens --principal billing --allow read \\",
            "      --topics 'orders*,payments'",
            "  TIDEMARK_TOKEN=$(tidemark tokens create --file tokens \\",
            "      --principal ops --allow read,write,admin)"
        })
final class TokensCreateCommand implements Runnable {
    @Option(
            names = "--file",
            paramLabel = "FILE",
            defaultValue = "${env:TIDEMARK_TOKENS_FILE}",
            description = "The tokens file; made, for its owner alone, where there is none."
                    + "%nDefault: $TIDEMARK_TOKENS_FILE")
    private @Nullable String file;

    @Option(
            names = "--principal",
            paramLabel = "NAME",
            required = true,
            description = "Whose token it is; kept with each batch appended with it.")
    private String principal = "";

    @Option(
            names = "--allow",
            paramLabel = "PERMISSIONS",
            required = true,
            description = "read, write and admin, separated by commas; none of them includes another."
                    + " none: for monitoring, which sees /metrics.")
    private String allow = "";

    @Option(
            names = "--topics",
            paramLabel = "PATTERNS",
            description = "The topics it holds for: names, or beginnings of names followed by *, separated by commas."
                    + "%nDefault: all topics")
    private @Nullable String topics;

    @Mixin
    private final UnusedServerOptions unused = new UnusedServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    TokensCreateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        if (file == null || file.isEmpty()) {
            throw standard.wrongUsage("--file, or TIDEMARK_TOKENS_FILE, must name the tokens file");
        }
        String token;
        try {
            token = TokensFile.addToken(Path.of(file), principal, allow, topics);
        } catch (IllegalArgumentException illegal) {
            throw standard.wrongUsage(String.valueOf(illegal.getMessage()));
        } catch (UnusableFileException unusable) {
            throw new CommandFailed(unusable.reason(), unusable);
        }
        streams.err().println("Added a token of " + principal + " to " + file + ". It is shown this once:");
        Output out = new Output(streams.out());
        out.writeLine(token);
        out.flush();
    }
}
