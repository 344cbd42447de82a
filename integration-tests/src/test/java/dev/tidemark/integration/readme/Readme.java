package dev.tidemark.integration.readme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The README's fenced blocks. In those marked {@code console}, a line that begins with {@code "$ "} is a command and the lines after it are what it prints. */
final class Readme {
    private static final Path PAGE = Path.of("..", "README.md");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```([a-z]*)\n(.*?)^```$");
    private static final Pattern IMPORT = Pattern.compile("`(import [\\w.*]+;)`");
    private static final String PROMPT = "$ ";

    private final String text;
    private final List<Block> blocks;

    private Readme(String text) {
        this.text = text;
        this.blocks = BLOCK.matcher(text)
                .results()
                .map(block -> new Block(block.group(1), block.group(2)))
                .toList();
    }

    static Readme read() {
        try {
            return new Readme(Files.readString(PAGE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param language empty where the block names none */
    record Block(String language, String text) {}

    /** @param output all it prints, each line ended */
    record Command(String line, String output) {}

    /** A request and the body of the answer to it, which stands in the block after it. */
    record Exchange(String request, String answer) {}

    /** The commands of all console blocks, in order. */
    List<Command> commands() {
        List<Command> commands = new ArrayList<>();
        for (String block : blocks("console")) {
            for (String command : block.split("(?m)^" + Pattern.quote(PROMPT))) {
                if (!command.isEmpty()) {
                    int end = command.indexOf('\n') + 1;
                    commands.add(new Command(command.substring(0, end).strip(), command.substring(end)));
                }
            }
        }
        return commands;
    }

    List<String> java() {
        return blocks("java");
    }

    /** The imports that the text says the Java blocks need. */
    List<String> javaImports() {
        return IMPORT.matcher(text)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    /** The blocks that begin with {@code curl}, each with the JSON block after it. */
    List<Exchange> exchanges() {
        List<Exchange> exchanges = new ArrayList<>();
        for (int i = 0; i + 1 < blocks.size(); i++) {
            if (blocks.get(i).text().startsWith("curl ")
                    && blocks.get(i + 1).language().equals("json")) {
                exchanges.add(
                        new Exchange(blocks.get(i).text(), blocks.get(i + 1).text()));
            }
        }
        return exchanges;
    }

    private List<String> blocks(String language) {
        return blocks.stream()
                .filter(block -> block.language().equals(language))
                .map(Block::text)
                .toList();
    }
}
