package dev.tidemark.cli;

import dev.tidemark.client.TidemarkException;
import java.io.PrintStream;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line on standard error and an exit code; the stack trace only where asked for. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private final PrintStream err;

    Failures(PrintStream err) {
        this.err = err;
    }

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(command + ": " + oneLine(String.valueOf(e.getMessage())) + suggestion(e) + " (" + command
                + " --help says how)");
        return WRONG_USAGE;
    }

    private static String suggestion(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            return "; did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?";
        }
        return "";
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        if (e instanceof ReaderGone) {
            return 0;
        }
        return fail(explain(e), e, wantsStackTrace(parsed));
    }

    /** For what no command should ever throw. Returns the exit code. */
    int unexpected(Error e, boolean stackTrace) {
        return fail(unexpected(e), e, stackTrace);
    }

    private int fail(String explanation, Throwable e, boolean stackTrace) {
        err.println("tidemark: " + explanation);
        if (stackTrace) {
            e.printStackTrace(err);
        }
        return FAILED;
    }

    private static boolean wantsStackTrace(ParseResult parsed) {
        ParseResult innermost = parsed;
        while (innermost.hasSubcommand()) {
            innermost = innermost.subcommand();
        }
        return innermost.hasMatchedOption(StandardOptions.VERBOSE);
    }

    /** What happened, in one line for a person. */
    static String explain(Exception e) {
        if (e instanceof TidemarkException refusal) {
            return oneLine(refusal.getMessage() + " (" + refusal.errorCode() + ")");
        }
        if (e instanceof CommandFailed) {
            return oneLine(String.valueOf(e.getMessage()));
        }
        return unexpected(e);
    }

    private static String unexpected(Throwable e) {
        return "unexpected error: " + oneLine(e.toString()) + " (--verbose shows where)";
    }

    private static String oneLine(String message) {
        return DisplayText.of(message.strip().replaceAll("\\s*\\R\\s*", " "));
    }
}
