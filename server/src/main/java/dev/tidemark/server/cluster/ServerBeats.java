package dev.tidemark.server.cluster;

import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.schema.tidemark_internal.Tables;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.List;

/** The beats of servers in the database. Blocks on it; throws as {@link Database#query} does. */
final class ServerBeats {
    /** A server whose newest beat is older is taken for dead: several beats may be late by then. */
    static final Duration LIVES_FOR = Duration.ofSeconds(5);

    private static final int LIVES_FOR_MS = Math.toIntExact(LIVES_FOR.toMillis());

    private final Database database;

    ServerBeats(Database database) {
        this.database = database;
    }

    /**
     * @param memberNos members of consumer groups it has heard, each so many milliseconds ago
     * @return who lives, the one that beats included
     */
    List<LiveServer> beat(Member self, boolean listens, Integer[] memberNos, Integer[] msAgo) {
        return database.query(jooq -> jooq.selectFrom(Tables.BEAT_2(
                        self.id(),
                        self.address(),
                        self.version(),
                        self.startedAt(),
                        listens,
                        LIVES_FOR_MS,
                        memberNos,
                        msAgo))
                .fetch(row -> new LiveServer(
                        row.getServerId(), row.getAddress(), row.getVersion(), row.getStartedAt(), row.getListens())));
    }

    /** From now on it does not count. */
    void leave(Member self) {
        database.query(jooq -> {
            Routines.leave(jooq.configuration(), self.id());
            return self;
        });
    }

    List<LiveServer> live() {
        return database.query(jooq -> jooq.selectFrom(Tables.LIVE_SERVERS(LIVES_FOR_MS))
                .fetch(row -> new LiveServer(
                        row.getServerId(), row.getAddress(), row.getVersion(), row.getStartedAt(), row.getListens())));
    }

    /** @param all also those of long ago */
    void dropOld(boolean all) {
        database.query(jooq -> {
            Routines.dropOldBeats(jooq.configuration(), all);
            return all;
        });
    }
}
