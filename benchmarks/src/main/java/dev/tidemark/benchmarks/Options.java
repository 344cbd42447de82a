package dev.tidemark.benchmarks;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * What the command line asks for.
 *
 * @param pairs counted rounds
 * @param only parts of ids; a contestant runs when its id holds one of them; empty runs all
 * @param sizes of values, in bytes
 * @param output where the report goes
 * @param work for data and logs while running, a new folder in there; on a disk, or fsync says nothing
 * @param tidemark the command that starts the server
 */
record Options(
        boolean help,
        boolean list,
        boolean quick,
        int pairs,
        List<String> only,
        List<Integer> sizes,
        List<Integer> partitions,
        Path output,
        Path work,
        Path tidemark) {
    private static final int PAIRS = 9;
    private static final int QUICK_PAIRS = 1;

    static final String USAGE = """
            usage: benchmarks/run [options]

              --quick             one short pair, 100 B and 1 KB records, 6 partitions: checks that all runs, measures little
              --pairs N           counted rounds (9; 1 with --quick)
              --only ID[,ID]      only contestants whose id holds one of these, for example produce/100B or latency
              --list              print the ids and end
              --sizes N[,N]       bytes of a value (100,1024,10240)
              --partitions N[,N]  (1,6,64)
              --output DIR        where results.md and results.json go (benchmarks/results)
              --work DIR          where data lies while running (benchmarks/target); a disk, not memory
              --tidemark COMMAND  what starts the server (bin/tidemark)
            """;

    Options {
        if (pairs < 1) {
            throw new IllegalArgumentException("--pairs must be 1 or more, not " + pairs);
        }
        requirePositive("--sizes", sizes);
        requirePositive("--partitions", partitions);
        only = List.copyOf(only);
        sizes = List.copyOf(sizes);
        partitions = List.copyOf(partitions);
    }

    private static void requirePositive(String name, List<Integer> values) {
        if (values.isEmpty() || values.stream().anyMatch(value -> value < 1)) {
            throw new IllegalArgumentException(name + " must be numbers from 1, not " + values);
        }
    }

    /**
     * @param home the repository, which default paths start from
     * @throws IllegalArgumentException naming the argument that is wrong
     */
    static Options parse(Path home, String... args) {
        Parser parser = new Parser(home);
        Deque<String> words = new ArrayDeque<>(Arrays.asList(args));
        while (!words.isEmpty()) {
            parser.accept(words.pop(), words);
        }
        return parser.options();
    }

    /** What has been read so far. */
    private static final class Parser {
        private final Path home;
        private boolean help;
        private boolean list;
        private boolean quick;
        private int pairs;
        private List<String> only = List.of();
        private List<Integer> sizes = List.of();
        private List<Integer> partitions = List.of();
        private Path output;
        private Path work;
        private Path tidemark;

        Parser(Path home) {
            this.home = home;
            output = home.resolve("benchmarks/results");
            work = home.resolve("benchmarks/target");
            tidemark = home.resolve("bin/tidemark");
        }

        void accept(String name, Deque<String> rest) {
            switch (name) {
                case "--help", "-h" -> help = true;
                case "--list" -> list = true;
                case "--quick" -> quick = true;
                case "--pairs" -> pairs = number(name, value(name, rest));
                case "--only" -> only = List.of(value(name, rest).split(","));
                case "--sizes" -> sizes = numbers(name, value(name, rest));
                case "--partitions" -> partitions = numbers(name, value(name, rest));
                case "--output" -> output = path(name, rest);
                case "--work" -> work = path(name, rest);
                case "--tidemark" -> tidemark = path(name, rest);
                default -> throw new IllegalArgumentException("unknown option " + name);
            }
        }

        private static String value(String name, Deque<String> rest) {
            if (rest.isEmpty()) {
                throw new IllegalArgumentException(name + " needs a value");
            }
            return rest.pop();
        }

        private static Path path(String name, Deque<String> rest) {
            return Path.of(value(name, rest)).toAbsolutePath();
        }

        private static List<Integer> numbers(String name, String values) {
            return Arrays.stream(values.split(","))
                    .map(value -> number(name, value))
                    .toList();
        }

        private static int number(String name, String value) {
            try {
                return Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(name + " must be a number, not '" + value + "'", e);
            }
        }

        Options options() {
            return new Options(
                    help,
                    list,
                    quick,
                    pairs != 0 ? pairs : quick ? QUICK_PAIRS : PAIRS,
                    only,
                    !sizes.isEmpty() ? sizes : quick ? List.of(100, 1024) : List.of(100, 1024, 10240),
                    !partitions.isEmpty() ? partitions : quick ? List.of(6) : List.of(1, 6, 64),
                    output,
                    work,
                    tidemark);
        }
    }
}
