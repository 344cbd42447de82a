package dev.tidemark.server.postgres;

import java.time.Duration;
import java.util.List;

/** Migrates a database as made-up versions after this one would. */
public final class NextRelease {
    private static final ServerVersion NEXT = after(ServerVersion.current());
    private static final ServerVersion AFTER_NEXT = after(NEXT);

    private static final Release EXPANDING = new Release(NEXT, List.of("db/migration", "db/next-expand"));
    private static final Release CONTRACTING =
            new Release(AFTER_NEXT, List.of("db/migration", "db/next-expand", "db/next-contract"));

    private NextRelease() {}

    private static ServerVersion after(ServerVersion version) {
        return new ServerVersion(version.major(), version.minor() + 1, 0);
    }

    /** Adds what the next version needs; servers of this one go on. */
    public static Migrator expanding(DatabaseConfig config) {
        return new Migrator(config, EXPANDING);
    }

    /** The same for who waits no longer for locks. */
    static Migrator expanding(DatabaseConfig config, Duration patience) {
        return new Migrator(config, EXPANDING, patience);
    }

    /** Takes away what this version needs. */
    public static Migrator contracting(DatabaseConfig config) {
        return new Migrator(config, CONTRACTING);
    }

    /** The oldest server that {@link #contracting} leaves a place. */
    public static String contractingVersion() {
        return AFTER_NEXT.toString();
    }
}
