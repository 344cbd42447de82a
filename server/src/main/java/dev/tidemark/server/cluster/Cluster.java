package dev.tidemark.server.cluster;

import dev.tidemark.protocol.api.ServerDescription;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.postgres.Database;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The door to the other servers over this database: who they are, and what has been appended at one becomes known at the others. Thread-safe.
 *
 * <p>None of it is the truth about the log, which is PostgreSQL: a notice makes a server look a little earlier, and one that is lost, late or false
 * costs time and nothing else.
 */
public final class Cluster implements AutoCloseable {
    /** Beside the pool: one that listens, and one that notifies while others listen. */
    public static final int CONNECTIONS = 2;

    /** Where nothing is heard and others may append. */
    private static final Duration DEAF_POLL_PERIOD = Duration.ofMillis(20);

    private static final Duration USUAL_POLL_PERIOD = Duration.ofMillis(500);

    private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(10);

    private final ServerBeats beats;
    private final RecordLog log;
    private final ClusterMetrics metrics;
    private final NoticeSender sender;
    private final NoticeListener listener;
    private volatile List<LiveServer> live = List.of();
    private volatile boolean isOldest = true;
    private @Nullable Presence presence;

    /**
     * Begins to listen to other servers, and to tell them what is appended as soon as there are some. Does not block.
     *
     * @param listenUrl a JDBC URL to listen on, of the same database; null: as all connections
     */
    public Cluster(Database database, RecordLog log, @Nullable String listenUrl, MeterRegistry registry) {
        this.beats = new ServerBeats(database);
        this.log = log;
        this.metrics = new ClusterMetrics(registry);
        // Channels are the database's: another installation in it has schemas of another name.
        String channel = database.schemas().internal();
        String self = UUID.randomUUID().toString().substring(0, 8);
        this.sender = new NoticeSender(() -> database.unpooledConnection(SOCKET_TIMEOUT), channel, self, metrics);
        NoticeListener.Source source = listenUrl == null
                ? new NoticeListener.Source(() -> database.unpooledConnection(SOCKET_TIMEOUT), true)
                : new NoticeListener.Source(() -> database.unpooledConnection(listenUrl, SOCKET_TIMEOUT), false);
        this.listener = new NoticeListener(source, database, channel, self, new ToLog(), metrics);
        metrics.watch(() -> live.size(), listener::isListening);
        log.announceTo(sender::appended);
        sender.start();
        listener.start();
    }

    /**
     * Shows this server to the others from now on, and is back after the first beat. Once.
     *
     * @param news what its beats say beside
     */
    public synchronized void join(Member self, BeatNews news) {
        presence = new Presence(beats, self, listener::isListening, news, servers -> heard(self, servers), metrics);
        presence.start();
    }

    private void heard(Member self, List<LiveServer> servers) {
        live = servers;
        isOldest = servers.isEmpty() || servers.get(0).id().equals(self.id());
        sender.needed(servers.stream()
                .anyMatch(server -> server.listens() && !server.id().equals(self.id())));
        choosePeriod();
    }

    private void choosePeriod() {
        boolean alone = live.size() <= 1;
        log.pollEvery(alone || listener.isListening() ? USUAL_POLL_PERIOD : DEAF_POLL_PERIOD);
    }

    /** The live servers, as the database has it. Blocks on it; throws as {@link Database#query} does. */
    public List<ServerDescription> servers() {
        return beats.live().stream().map(Cluster::describe).toList();
    }

    private static ServerDescription describe(LiveServer server) {
        return new ServerDescription(
                server.id().toString(),
                server.address(),
                server.version(),
                server.startedAt().truncatedTo(ChronoUnit.MILLIS).toString());
    }

    /** Whether this server is the one that has lived for the longest, as it heard about a second ago: for what one of them is to do. */
    public boolean isOldest() {
        return isOldest;
    }

    /** Takes this server out of the list at once; it goes on to serve, and to hear and tell, until {@link #close}. Idempotent. */
    public synchronized void leave() {
        if (presence != null) {
            presence.close();
        }
    }

    @Override
    public void close() {
        leave();
        sender.close();
        listener.close();
    }

    /** What is heard goes to the log. */
    private final class ToLog implements NoticeListener.Hearer {
        @Override
        public void listening() {
            choosePeriod();
            log.hintAll();
        }

        @Override
        public void deaf() {
            choosePeriod();
        }

        @Override
        public void heard(Notice notice) {
            if (notice.isEverywhere()) {
                log.hintAll();
            } else {
                log.hint(notice.ends());
            }
        }
    }
}
