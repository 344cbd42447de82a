package dev.tidemark.server.log;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.api.ProducerIdentity;
import dev.tidemark.schema.tidemark_internal.Sequences;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.fetch.FetchRequest;
import dev.tidemark.server.log.fetch.Fetcher;
import dev.tidemark.server.log.fetch.OffsetFound;
import dev.tidemark.server.log.fetch.OffsetQuery;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.log.segment.Segments;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The door to the log: append, fetch, offsets. Thread-safe. */
public final class RecordLog implements AutoCloseable {
    private final Database database;
    private final Quotas quotas;
    private final LeaderEpochs epochs;
    private final Segments segments;
    private final Appender appender;
    private final Fetcher fetcher;
    private final Tail tail;

    /**
     * Bounds of the log.
     *
     * @param tailCacheBytes newest records kept in memory
     * @param fetchThreads reads from the database at a time
     * @param readAheadBytes records in memory that were read before they were asked for; 0 for none
     */
    public record Limits(
            Appender.Limits append, Quotas.Limits quotas, long tailCacheBytes, int fetchThreads, long readAheadBytes) {
        /** Without quotas. */
        public Limits(Appender.Limits append, long tailCacheBytes, int fetchThreads, long readAheadBytes) {
            this(append, Quotas.Limits.NONE, tailCacheBytes, fetchThreads, readAheadBytes);
        }
    }

    /** Starts the log's threads. Blocks on the database, whose schema is up to date. */
    public RecordLog(Database database, Limits limits, Clock clock, MeterRegistry registry) {
        this.database = database;
        this.tail = new Tail(limits.tailCacheBytes());
        Gauge.builder("tidemark.tail.cache", tail, Tail::cachedBytes)
                .description("Bytes of records held in the tail cache")
                .baseUnit("bytes")
                .register(registry);
        this.epochs = new LeaderEpochs(database, tail, registry);
        this.quotas = new Quotas(database, limits.quotas(), registry);
        this.segments = new Segments(database, limits.quotas().maxSegments());
        this.appender = new Appender(database, quotas, segments, tail, epochs, limits.append(), clock, registry);
        this.fetcher = new Fetcher(database, tail, epochs, limits.fetchThreads(), limits.readAheadBytes(), registry);
    }

    /**
     * Checks the batches and queues them. The future completes on a thread of the log's once every batch has its outcome (in the order of the
     * entries), after COMMIT: who has more to do with it does it elsewhere.
     *
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED, BROKER_NOT_AVAILABLE; nothing was queued
     */
    public CompletableFuture<List<BatchOutcome>> append(AppendRequest request) {
        return appender.append(request);
    }

    /**
     * Does what would take place with an append where there is nothing to append; see {@link Appender#alone}. Blocks on the database.
     *
     * @throws ApiException its own; BROKER_NOT_AVAILABLE when it did not take place, REQUEST_TIMED_OUT when that is not known
     */
    public void alone(Companion companion, Acks acks) {
        appender.alone(companion, acks);
    }

    /**
     * Reads records; the future completes when there are some, when a partition has an error, or when the wait is over, and fails with
     * {@link ApiException}.
     */
    public CompletableFuture<List<PartitionRecords>> fetch(FetchRequest request) {
        return fetcher.fetch(request);
    }

    /** Blocks on the database. */
    public OffsetFound offset(Topic topic, int partition, OffsetQuery query) {
        return fetcher.offset(topic, partition, query);
    }

    /** A producer id nobody had before. Blocks on the database. */
    public ProducerIdentity newProducer() {
        long producerId = Database.repeatably(() -> database.query(jooq -> jooq.nextval(Sequences.PRODUCER_ID)));
        return new ProducerIdentity(producerId, (short) 0);
    }

    /** Has what each database transaction of this server's committed told to somebody, on the thread that appended it: see {@link Tail#announceTo}. */
    public void announceTo(Consumer<List<Tail.Batch>> announcer) {
        tail.announceTo(announcer);
    }

    /**
     * Another server says how far it has appended, by partition id: what is there is read for those who wait there. Only a hint to ask the database; quick, blocks on nothing.
     */
    public void hint(Map<Integer, Long> logEndOffsets) {
        fetcher.hint(logEndOffsets);
    }

    /** Other servers may have appended anywhere: as {@link #hint} for every partition, with one query for those somebody waits at. */
    public void hintAll() {
        tail.hintAll();
        fetcher.poll();
    }

    /** How often the database is asked for the log ends somebody waits at, without any hint; every half second until told otherwise. */
    public void pollEvery(Duration period) {
        fetcher.pollEvery(period);
    }

    /**
     * Begins a new leader epoch: what is remembered of the log is forgotten, here and on every server. Blocks on the database.
     *
     * @param reason kept with the epoch
     * @return its number
     */
    public int beginLeaderEpoch(String reason) {
        return epochs.begin(reason);
    }

    /** For whoever remembers what lies in the database beside the log. */
    public LeaderEpochs leaderEpochs() {
        return epochs;
    }

    /** From now on fetches do not wait at the log end, and those that wait are answered: the first step of a graceful stop. */
    public void stopWaiting() {
        fetcher.stopWaiting();
    }

    /** Takes no more appends, finishes those it has, and stops. */
    @Override
    public void close() {
        appender.close();
        fetcher.close();
        segments.close();
        quotas.close();
    }
}
