package dev.tidemark.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The program {@code tidemark}: finds the command and turns what goes wrong into one line and an exit code. */
@Command(
        name = "tidemark",
        description = "A Kafka-style log inside the PostgreSQL you already run.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nFirst steps:%n",
        footer = {
            "  tidemark server                           start a server; leave it running",
            "  tidemark topics create orders             make a topic",
            "  echo hello | tidemark produce orders      append a record",
            "  tidemark consume orders --from earliest   read it, and wait for more",
            "  tidemark sql 'select * from topic.orders'",
            "",
            "tidemark COMMAND --help says more about a command."
        })
public final class TidemarkCli implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    private TidemarkCli() {}

    /** Runs a command and ends the process with its exit code: 0, 1 when it failed, 2 for wrong usage. */
    public static void main(String[] args) {
        System.exit(run(Streams.ofProcess(), args));
    }

    static int run(Streams streams, String... args) {
        try {
            return commandLine(streams, List.of(args)).execute(SqlCommand.sqlIsNoOption(args));
        } catch (Error e) {
            // Out of memory, or a class that is not there: picocli hands on exceptions only.
            return new Failures(streams.err()).unexpected(e, List.of(args).contains(StandardOptions.VERBOSE));
        }
    }

    /** The program with at least the command that the arguments name. */
    static CommandLine commandLine(Streams streams, List<String> args) {
        CommandLine root = new CommandLine(new TidemarkCli());
        boolean all = new CommandSet()
                .add("server", () -> ServerCommand.commandLine(streams))
                .add("migrate", () -> MigrateCommand.commandLine(streams))
                .add("uninstall", () -> UninstallCommand.commandLine(streams))
                .add("topics", () -> TopicsCommand.commandLine(streams, args))
                .add("tokens", () -> TokensCommand.commandLine(streams, args))
                .add("produce", () -> new ProduceCommand(streams))
                .add("consume", () -> new ConsumeCommand(streams))
                .add("groups", () -> GroupsCommand.commandLine(streams, args))
                .add("cluster", () -> ClusterCommand.commandLine(streams, args))
                .add("sql", () -> new SqlCommand(streams))
                .addTo(root, args);
        if (all) {
            // Not one of the set: it needs all the others.
            root.addSubcommand(new AutoComplete.GenerateCompletion());
        }
        configure(root, streams);
        return root;
    }

    /** Holds for all the commands the root has by now. */
    private static void configure(CommandLine root, Streams streams) {
        Failures failures = new Failures(streams.err());
        root.registerConverter(RecordFormat.class, new Choice<>(RecordFormat.class))
                .registerConverter(AnswerFormat.class, new Choice<>(AnswerFormat.class))
                .registerConverter(SqlFormat.class, new Choice<>(SqlFormat.class))
                .setOut(new PrintWriter(streams.out(), false, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(streams.err(), true))
                .setParameterExceptionHandler(failures)
                .setExecutionExceptionHandler(failures);
        inDeclaredOrder(root);
    }

    /** In the help the options that matter most come first. */
    private static void inDeclaredOrder(CommandLine command) {
        command.getCommandSpec().usageMessage().sortOptions(false).sortSynopsis(false);
        command.getSubcommands().values().forEach(TidemarkCli::inDeclaredOrder);
    }

    /** Without a command: help. */
    @Override
    public void run() {
        CommandLine command = Objects.requireNonNull(spec, "set by picocli").commandLine();
        command.usage(command.getOut());
    }
}
