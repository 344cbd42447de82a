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
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tidemark uninstall}. */
@Command(
        name = "uninstall",
        header = "Drop everything of Tidemark's from a database, topics and records included.",
        description = {
            "Refused while servers run on it. Works in slices, so that PostgreSQL's lock table is never exhausted; broken"
                    + " off, it goes on where it stopped when it is run again. What others put into Tidemark's schemas stays."
        },
        footerHeading = "%nExample:%n",
        footer = {"  tidemark uninstall --jdbc-url jdbc:postgresql://localhost/app --db-user me --yes"})
final class UninstallCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS = SettingOptions.OF_A_DATABASE;

    @Option(names = "--yes", description = "Do it. Without this, only say what would be dropped.")
    private boolean yes;

    @Mixin
    private final UnusedServerOptions unused = new UnusedServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private final Streams streams;

    private UninstallCommand(Streams streams) {
        this.streams = streams;
    }

    static CommandLine commandLine(Streams streams) {
        CommandLine command = new CommandLine(new UninstallCommand(streams));
        SettingOptions.addTo(command.getCommandSpec(), SETTINGS);
        return command;
    }

    @Override
    public Integer call() {
        List<String> flags = SettingOptions.given(
                Objects.requireNonNull(spec, "set by picocli").commandLine().getParseResult(), SETTINGS);
        // Each line at once: somebody waits for them.
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        return Main.uninstall(flags, System.getenv(), yes, out, streams.err());
    }
}
