package dev.tidemark.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemark sql}. */
@Command(
        name = "sql",
        header = "Run SQL on the server's database and print the rows.",
        description = {
            "Goes straight to the database: the one of --jdbc-url, or else the embedded one of a server that runs on this machine,"
                    + " found in its data directory. One database transaction, read-only unless --write: a guard against slips;"
                    + " what a role may do is for the database to say.",
            "Topics are topic.\"NAME\"; tidemark.topics, tidemark.partitions, tidemark.segments and tidemark.batches are the catalogue."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tidemark sql 'select partition, count(*) from topic.orders group by 1'",
            "  tidemark sql \"select value->>'path' as path, count(*) from topic.changes",
            "      group by 1 order by 2 desc limit 10\"",
            "  tidemark sql --format csv 'select * from topic.orders' > orders.csv",
            "  tidemark sql \"select * from tidemark.verify('orders')\""
        })
final class SqlCommand implements Runnable {
    private static final Duration FINISHING = Duration.ofSeconds(5);

    @Parameters(paramLabel = "SQL", description = "One or several statements; - reads them from standard input.")
    private String sql = "";

    @Option(
            names = "--write",
            description = "Let the statements change the database; commit when all of them succeeded.")
    private boolean write;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = {
                "table: aligned columns.",
                "csv: a line of column names, then a line a row; NULL is nothing, an empty text \"\".",
                "json: one object a row and line.",
                "Default: table"
            })
    private SqlFormat format = SqlFormat.TABLE;

    @Mixin
    private final DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private final UnusedServerOptions unused = new UnusedServerOptions();

    @Mixin
    private final StandardOptions standard = new StandardOptions();

    private final Streams streams;

    SqlCommand(Streams streams) {
        this.streams = streams;
    }

    /** A script may begin with a comment, and so with two hyphens; behind a blank it is not taken for an option, whose name would have none. */
    static String[] sqlIsNoOption(String[] args) {
        if (args.length == 0 || !args[0].equals("sql")) {
            return args;
        }
        return Arrays.stream(args)
                .map(arg -> arg.matches("(?s)--[^=\\s]*\\s.*") ? " " + arg : arg)
                .toArray(String[]::new);
    }

    @Override
    public void run() {
        String statements = statements();
        Output out = new Output(streams.out());
        try (SqlSession session = SqlSession.open(database.location(), write);
                StopSignal stop = new StopSignal(FINISHING, session::cancel)) {
            session.run(statements, format.result(), out, streams.err());
        }
    }

    private String statements() {
        String statements = sql.equals("-") ? standardInput() : sql;
        if (statements.isBlank()) {
            throw standard.wrongUsage("there is no SQL to run");
        }
        return statements;
    }

    private String standardInput() {
        try {
            return new String(streams.in().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CommandFailed("cannot read standard input: " + e.getMessage(), e);
        }
    }
}
