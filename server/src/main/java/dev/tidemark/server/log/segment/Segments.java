package dev.tidemark.server.log.segment;

import static dev.tidemark.schema.tidemark_internal.Tables.PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.SEGMENT;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes segments before they are needed and seals those that are full. Thread-safe.
 *
 * <p>The first segment of a partition is made when its first batch comes; from then on the next one is made, on a thread of its own, while the active
 * one is half full, so that appends never wait for it.
 */
public final class Segments implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Segments.class);

    private static final int MAX_QUEUED = 10_000;
    private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

    private final Database database;
    private final int maxSegments;
    private final ThreadPoolExecutor maker;
    /** By partition id: the bound up to which segments are made or being made, so that each is asked for once. */
    private final Map<Integer, Long> madeUpTo = new ConcurrentHashMap<>();

    /** @param maxSegments of all topics, past which no partition gets its first one; 0: no bound */
    public Segments(Database database, int maxSegments) {
        this.database = database;
        this.maxSegments = maxSegments;
        this.maker = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_QUEUED),
                task -> new Thread(task, "segment-maker"));
    }

    /**
     * What an append saw of its partition's active segment.
     *
     * @param logEnd after the append
     * @param segmentBase the segment's first offset
     * @param segmentBound the offset after its last
     * @param recordBytes average size of the records appended
     */
    public record Progress(
            Topic topic, int partitionId, long logEnd, long segmentBase, long segmentBound, double recordBytes) {}

    /**
     * Makes the segment that starts at an offset, for a batch that waits for it. Blocks on the database.
     *
     * @param atLeast records it must hold
     * @return its bound, or empty when the partition is gone
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED when it would be one too many, BROKER_NOT_AVAILABLE when something is in its way
     */
    public OptionalLong make(Topic topic, int partitionId, long baseOffset, long atLeast, double recordBytes) {
        long records = Math.max(atLeast, SegmentSizing.firstSegment(topic.config(), recordBytes));
        return make(partitionId, baseOffset, records);
    }

    /** Where the first segments of those partitions must start that have none, by partition id. Blocks on the database. */
    public Map<Integer, Long> logEndsWithoutSegment(Collection<Integer> partitionIds) {
        return database.query(jooq -> jooq.select(
                        PARTITION.PARTITION_ID, DSL.coalesce(Routines.logEnd(PARTITION.PARTITION_ID), 0L))
                .from(PARTITION)
                .where(PARTITION.PARTITION_ID.in(partitionIds))
                .andNotExists(DSL.selectOne().from(SEGMENT).where(SEGMENT.PARTITION_ID.eq(PARTITION.PARTITION_ID)))
                .fetchMap(row -> row.value1(), row -> row.value2()));
    }

    /** To be told after each append; cheap. Makes the next segment when the active one is half full, and seals the one before. */
    public void appended(Progress progress) {
        long half = progress.segmentBase() + (progress.segmentBound() - progress.segmentBase()) / 2;
        if (progress.logEnd() < half) {
            return;
        }
        Long known = madeUpTo.put(progress.partitionId(), progress.segmentBound());
        if (known == null || known < progress.segmentBound()) {
            try {
                maker.execute(() -> makeAhead(progress));
            } catch (RejectedExecutionException e) {
                // Too much queued, or stopping: the append that needs the segment makes it.
                madeUpTo.remove(progress.partitionId());
            }
        }
    }

    private void makeAhead(Progress progress) {
        try {
            Duration age = database.query(jooq -> jooq.select(SEGMENT.CREATED_AT, DSL.currentOffsetDateTime())
                    .from(SEGMENT)
                    .where(SEGMENT.PARTITION_ID.eq(progress.partitionId()))
                    .and(SEGMENT.BASE_OFFSET.eq(progress.segmentBase()))
                    .fetchOptional(row -> between(row.value1(), row.value2()))
                    .orElse(Duration.ZERO));
            SegmentSizing.Crowd crowd = crowd(progress.topic());
            long records = SegmentSizing.nextSegment(
                    progress.topic().config(),
                    progress.recordBytes(),
                    progress.logEnd() - progress.segmentBase(),
                    age,
                    crowd);
            make(progress.partitionId(), progress.segmentBound(), records);
            seal(progress.partitionId());
        } catch (RuntimeException e) {
            madeUpTo.remove(progress.partitionId());
            LOG.warn(
                    "segment not made ahead topic={} partition_id={} base_offset={}: {}",
                    progress.topic().name(),
                    progress.partitionId(),
                    progress.segmentBound(),
                    e.toString());
        }
    }

    private SegmentSizing.Crowd crowd(Topic topic) {
        SegmentSizing.Crowd crowd = database.query(jooq -> jooq.select(
                        DSL.count()
                                .filterWhere(PARTITION.TOPIC_ID.eq(topic.id()))
                                .minus(DSL.countDistinct(SEGMENT.PARTITION_ID)
                                        .filterWhere(PARTITION.TOPIC_ID.eq(topic.id()))),
                        DSL.count())
                .from(SEGMENT)
                .join(PARTITION)
                .on(PARTITION.PARTITION_ID.eq(SEGMENT.PARTITION_ID))
                .fetchSingle(row -> new SegmentSizing.Crowd(row.value1(), row.value2(), maxSegments)));
        if (crowd.doublings() > 0) {
            LOG.warn(
                    "there are many segments, so the next one is made larger topic={} segments_beside_first={} all_segments={} times={}",
                    topic.name(),
                    crowd.followers(),
                    crowd.all(),
                    1 << crowd.doublings());
        }
        return crowd;
    }

    private static Duration between(java.time.Instant made, OffsetDateTime now) {
        return Duration.between(made, now.toInstant());
    }

    private OptionalLong make(int partitionId, long baseOffset, long records) {
        Long bound = makeOrExplain(partitionId, baseOffset, records);
        if (bound == null) {
            return OptionalLong.empty();
        }
        LOG.info("segment made partition_id={} base_offset={} upper_bound={}", partitionId, baseOffset, bound);
        return OptionalLong.of(bound);
    }

    private @Nullable Long makeOrExplain(int partitionId, long baseOffset, long records) {
        try {
            return database.query(jooq -> Routines.makeSegment(
                    jooq.configuration(),
                    partitionId,
                    baseOffset,
                    records,
                    maxSegments == 0 ? Integer.MAX_VALUE : maxSegments));
        } catch (DataAccessException e) {
            SQLException cause = SqlStates.sqlException(e);
            String state = cause == null ? "" : SqlStates.state(cause);
            if (state.equals(ErrorCode.THROTTLING_QUOTA_EXCEEDED.sqlState())) {
                throw new ApiException(
                        ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                        "the log has " + maxSegments + " segments, as many as it may; no other partition can begin"
                                + " until topics have been deleted",
                        e);
            }
            if (state.equals(SqlStates.LOCK_NOT_AVAILABLE)) {
                throw new ApiException(
                        ErrorCode.BROKER_NOT_AVAILABLE,
                        "the next segment cannot be made while something else changes the topic's tables; try again",
                        e);
            }
            throw e;
        }
    }

    private void seal(int partitionId) {
        database.query(jooq -> Routines.sealSegments(jooq.configuration(), partitionId))
                .forEach(row -> LOG.info("segment sealed leaf={}", row.getSealSegments()));
    }

    /** Stops making segments; what is queued is left to the appends that need it. */
    @Override
    public void close() {
        maker.shutdownNow();
        try {
            if (!maker.awaitTermination(STOP_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("segment-maker did not stop within {}", STOP_WITHIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
