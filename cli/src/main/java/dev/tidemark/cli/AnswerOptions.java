package dev.tidemark.cli;

import java.io.OutputStream;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How an answer of the server is shown: what all commands that show one have in common. */
final class AnswerOptions {
    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, or json: the server's answer on one line. Default: table")
    private AnswerFormat format = AnswerFormat.TABLE;

    /** @param answer as the server gave it @param table writes it for people */
    void show(Object answer, OutputStream to, Consumer<Output> table) {
        Output out = new Output(to);
        if (format == AnswerFormat.JSON) {
            out.writeLine(ApiJson.of(answer));
        } else {
            table.accept(out);
        }
        out.flush();
    }
}
