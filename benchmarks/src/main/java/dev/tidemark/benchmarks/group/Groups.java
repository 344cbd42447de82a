package dev.tidemark.benchmarks.group;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.system.TidemarkServer;
import java.nio.file.Files;
import java.nio.file.Path;

/** The main behind {@code benchmarks/groups}: a private server, and one measurement after the other. */
public final class Groups {
    private static final String ALL = "sharing,rebalances,heartbeats";

    private Groups() {}

    /** {@code --only --pairs --records --rounds --groups --seconds --work --tidemark}, all with defaults. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        Path home = Path.of(System.getProperty("tidemark.home", ".")).toAbsolutePath();
        Path command =
                Path.of(arguments.text("tidemark", home.resolve("bin/tidemark").toString()));
        Path parent = Path.of(
                        arguments.text("work", home.resolve("benchmarks/target").toString()))
                .toAbsolutePath();
        Files.createDirectories(parent);
        Path work = Files.createTempDirectory(parent, "groups-");
        try (TidemarkServer server = TidemarkServer.start(command, work)) {
            for (String what : arguments.text("only", ALL).split(",")) {
                switch (what) {
                    case "sharing" ->
                        new Sharing(server, arguments.number("records", 1_200_000))
                                .measure(arguments.number("pairs", 9));
                    case "rebalances" -> new Rebalances(server).measure(arguments.number("rounds", 20));
                    case "heartbeats" ->
                        new Heartbeats(server, arguments.number("groups", 1000))
                                .measure(arguments.number("seconds", 30));
                    default -> throw new IllegalArgumentException("--only takes " + ALL + ", not " + what);
                }
            }
        }
    }
}
