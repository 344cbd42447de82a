package dev.tidemark.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command takes. */
final class StandardOptions {
    static final String VERBOSE = "--verbose";

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    /** Read by {@link Failures}, which sees the command line and not the command. */
    @Option(names = VERBOSE, description = "On an error, show the stack trace too.")
    private boolean verbose;

    /** Options that cannot go together, or a value that means nothing: exit code 2. */
    ParameterException wrongUsage(String message) {
        return new ParameterException(
                Objects.requireNonNull(command, "set by picocli").commandLine(), message);
    }
}
