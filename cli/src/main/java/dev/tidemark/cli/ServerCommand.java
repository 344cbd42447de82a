package dev.tidemark.cli;

import dev.tidemark.server.Main;
import dev.tidemark.server.Setting;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tidemark server}. */
@Command(
        name = "server",
        header = "Start a server and leave it running.",
        description = {
            "Without --jdbc-url it brings its own PostgreSQL along, whose data it keeps in the data directory."
                    + " Prints where everything is once it is ready; stops on Ctrl-C or SIGTERM.",
            "Every option is an environment variable too: --http-port is TIDEMARK_HTTP_PORT. An option wins over the"
                    + " variable, and the variable over the properties file."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark server",
            "  TIDEMARK_DB_PASSWORD=secret tidemark server --db-user tidemark \\",
            "      --jdbc-url jdbc:postgresql://db.example.com/app",
            "  tidemark server --http-host 0.0.0.0 --tokens-file tokens \\",
            "      --tls-certificate-file fullchain.pem --tls-key-file privkey.pem"
        })
final class ServerCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS = List.of(Setting.values());

    @Mixin
    private final UnusedServerOptions unused = new UnusedServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private final Streams streams;

    private ServerCommand(Streams streams) {
        this.streams = streams;
    }

    static CommandLine commandLine(Streams streams) {
        CommandLine command = new CommandLine(new ServerCommand(streams));
        SettingOptions.addTo(command.getCommandSpec(), SETTINGS);
        return command;
    }

    @Override
    public Integer call() {
        List<String> flags = SettingOptions.given(
                Objects.requireNonNull(spec, "set by picocli").commandLine().getParseResult(), SETTINGS);
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        return Main.serve(flags, System.getenv(), out, streams.err());
    }
}
