package dev.tidemark.benchmarks.group;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Workplace;

/** The main behind {@code benchmarks/groups}: a private server, and one measurement after the other. */
public final class Groups {
    private static final String ALL = "sharing,rebalances,heartbeats";

    private Groups() {}

    /** {@code --only --pairs --records --rounds --groups --seconds --work --tidemark}, all with defaults. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        Workplace workplace = Workplace.of(arguments, "groups");
        try (TidemarkServer server = TidemarkServer.start(workplace.command(), workplace.folder())) {
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
