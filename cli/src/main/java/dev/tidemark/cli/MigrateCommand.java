package dev.tidemark.cli;

import dev.tidemark.server.Main;
import dev.tidemark.server.Setting;
import java.io.ByteArrayOutputStream;
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

/** {@code tidemark migrate}. */
@Command(
        name = "migrate",
        header = "Bring an existing database up to this version.",
        description = {
            "A server does this by itself when it starts. Where its role may not, somebody whose role may runs this"
                    + " first, or reads and runs the SQL that --print writes; psql ends in the same state."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark migrate --jdbc-url jdbc:postgresql://localhost/app --db-user me",
            "  TIDEMARK_JDBC_URL=jdbc:postgresql://localhost/app?user=me \\",
            "      tidemark migrate --print > tidemark.sql"
        })
final class MigrateCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS = SettingOptions.OF_A_DATABASE;

    @Option(names = "--print", description = "Change nothing; print the SQL that would.")
    private boolean print;

    @Mixin
    private final UnusedServerOptions unused = new UnusedServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private final Streams streams;

    private MigrateCommand(Streams streams) {
        this.streams = streams;
    }

    static CommandLine commandLine(Streams streams) {
        CommandLine command = new CommandLine(new MigrateCommand(streams));
        SettingOptions.addTo(command.getCommandSpec(), SETTINGS);
        return command;
    }

    @Override
    public Integer call() {
        List<String> flags = SettingOptions.given(
                Objects.requireNonNull(spec, "set by picocli").commandLine().getParseResult(), SETTINGS);
        // Kept until it is whole: a PrintStream straight to a full disk would say nothing of what is missing.
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, false, StandardCharsets.UTF_8);
        int exitCode = Main.migrate(flags, System.getenv(), print, out, streams.err());
        out.flush();
        write(said.toByteArray());
        return exitCode;
    }

    private void write(byte[] said) {
        Output output = new Output(streams.out());
        output.write(said);
        output.flush();
    }
}
