package dev.tidemark.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * As whom PostgreSQL's programs run, which refuse to run as root, and how the server's end is made theirs.
 *
 * @param prefix goes before a command
 * @param owner who must own PostgreSQL's files; empty where it is us
 * @param session {@code setsid}, where there is one: keeps a terminal's Ctrl-C from PostgreSQL, which the server stops itself, after its work
 * @param diesWithParent {@code setpriv --pdeathsig}, where there is one: PostgreSQL shuts down when the thread that started it ends, however it ends
 */
record PostgresAccount(List<String> prefix, OptionalInt owner, List<String> session, List<String> diesWithParent) {
    /** nobody, by the number it has everywhere; the account needs no name. */
    private static final int NOBODY = 65534;

    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");

    /** Root's own files, but not root's powers: for a folder only root can reach. */
    private static final List<String> IN_USER_NAMESPACE = List.of("unshare", "-U");

    /**
     * Chooses by trying.
     *
     * @throws EmbeddedPostgresException when PostgreSQL's programs run in no way here
     */
    static PostgresAccount choose(PostgresBinaries binaries) {
        List<String> session = works(List.of("setsid", "true")) ? List.of("setsid") : List.of();
        List<String> pdeathsig = List.of("setpriv", "--pdeathsig", "INT");
        List<String> diesWithParent = works(concat(pdeathsig, List.of("true"))) ? pdeathsig : List.of();
        // By way of a shell: setpriv itself still reaches what the user it changes to does not.
        List<String> probe =
                List.of("sh", "-c", "exec \"$0\" --version", binaries.postgres().toString());
        if (!isRoot()) {
            requireWorks(probe);
            return new PostgresAccount(List.of(), OptionalInt.empty(), session, diesWithParent);
        }
        if (works(concat(AS_NOBODY, probe))) {
            return new PostgresAccount(AS_NOBODY, OptionalInt.of(NOBODY), session, diesWithParent);
        }
        if (works(concat(IN_USER_NAMESPACE, probe))) {
            return new PostgresAccount(IN_USER_NAMESPACE, OptionalInt.of(0), session, diesWithParent);
        }
        requireWorks(probe);
        throw new EmbeddedPostgresException(
                "PostgreSQL does not run as root, and no other user can reach " + binaries.folder()
                        + ": start Tidemark as an ordinary user, or name a folder everybody can reach with TIDEMARK_DATA_DIR,"
                        + " such as /var/lib/tidemark");
    }

    /** A short command. */
    List<String> command(List<String> command) {
        return concat(prefix, command);
    }

    /** A command that lives as long as the server. */
    List<String> service(List<String> command) {
        // Last before the program, because changing the user takes the signal back.
        return concat(concat(session, prefix), concat(diesWithParent, command));
    }

    private static boolean isRoot() {
        return Command.run(List.of("id", "-u")).lastLine().equals("0");
    }

    private static boolean works(List<String> command) {
        return Command.run(command).succeeded();
    }

    private static void requireWorks(List<String> command) {
        Command.Result result = Command.run(command);
        if (!result.succeeded()) {
            throw new EmbeddedPostgresException("PostgreSQL's programs do not run here: " + result.lastLine());
        }
    }

    private static List<String> concat(List<String> first, List<String> second) {
        List<String> both = new ArrayList<>(first);
        both.addAll(second);
        return List.copyOf(both);
    }
}
