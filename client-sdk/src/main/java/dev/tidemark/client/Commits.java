package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Commits offsets, one request after the other and in the order asked for, on a thread of its own that ends when there is nothing to do. So a commit that waits for a server can be waited for, or not, and given up by a wakeup.
 *
 * <p>Used by the application's thread.
 */
final class Commits {
    /** Who commits faster than servers answer is told so, rather than remembered without bound. */
    private static final int MAX_WAITING = 1_000;

    private static final Duration IDLE = Duration.ofSeconds(10);

    private final GroupRequests requests;
    private final GroupMembership membership;
    private final ConsumerPartitions partitions;
    private final PollWait waits;
    private final Queue<Runnable> callbacks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicLong lastNumber = new AtomicLong();
    private final ThreadPoolExecutor thread;

    Commits(GroupRequests requests, GroupMembership membership, ConsumerPartitions partitions, PollWait waits) {
        this.requests = requests;
        this.membership = membership;
        this.partitions = partitions;
        this.waits = waits;
        this.thread = new ThreadPoolExecutor(
                1, 1, IDLE.toMillis(), TimeUnit.MILLISECONDS, new ArrayBlockingQueue<>(MAX_WAITING), work -> {
                    Thread made = new Thread(work, "tidemark-consumer-commits");
                    made.setDaemon(true);
                    return made;
                });
        thread.allowCoreThreadTimeOut(true);
    }

    /**
     * The number of the next commit: drawn when the commit is asked for, since what is asked for later is to count, whichever thread and server are faster. Grows
     * for as long as the consumer lives, whatever member it is.
     */
    long nextNumber() {
        return lastNumber.incrementAndGet();
    }

    /** Commits before long. @param member null: as nobody, for a group without members */
    CompletableFuture<Void> begin(
            MemberState.@Nullable Member member, Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        Long number = member == null ? null : nextNumber();
        return begin(() -> {
            commit(member, number, offsets, timeout);
            return null;
        });
    }

    private void commit(
            MemberState.@Nullable Member member,
            @Nullable Long number,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Duration timeout) {
        try {
            requests.commit(member, number, offsets, timeout);
        } catch (TidemarkException failure) {
            throw member == null ? failure : explain(member, failure);
        }
        partitions.forEach(partition -> {
            OffsetAndMetadata offset = offsets.get(partition.topicPartition);
            if (offset != null) {
                partition.committed(offset.offset());
            }
        });
    }

    /** What a refused commit means, in the words of whoever gets it; the membership hears of it too. */
    TidemarkException explain(MemberState.Member member, TidemarkException failure) {
        ErrorCode error = failure.errorCode();
        boolean isExpelled = error == ErrorCode.UNKNOWN_MEMBER_ID || error == ErrorCode.GROUP_ID_NOT_FOUND;
        if (isExpelled) {
            membership.expelled(member.memberId(), failure);
        }
        return isExpelled || error == ErrorCode.ILLEGAL_GENERATION ? notCommitted(failure) : failure;
    }

    static CommitFailedException notCommitted(TidemarkException why) {
        return new CommitFailedException(why.errorCode(), "the offsets were not committed: " + why.getMessage(), why);
    }

    /** Commits, and has the callback run by {@link #runCallbacks}. */
    void async(
            MemberState.@Nullable Member member,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Duration timeout,
            OffsetCommitCallback callback) {
        begin(member, offsets, timeout).whenComplete((done, failure) -> {
            callbacks.add(() -> callback.onComplete(offsets, failure == null ? null : failureOf(failure)));
        });
    }

    /** The callbacks of what has been committed meanwhile, in order. */
    void runCallbacks() {
        for (Runnable callback = callbacks.poll(); callback != null; callback = callbacks.poll()) {
            callback.run();
        }
    }

    /** Asks the server what is committed. */
    CompletableFuture<Map<TopicPartition, OffsetAndMetadata>> ask(Set<TopicPartition> wanted, Duration timeout) {
        Set<TopicPartition> asked = Set.copyOf(wanted);
        return begin(() -> requests.committed(asked, timeout));
    }

    private <T extends @Nullable Object> CompletableFuture<T> begin(Supplier<T> request) {
        CompletableFuture<T> done = new CompletableFuture<>();
        unfinished.incrementAndGet();
        done.whenComplete((answer, failure) -> {
            unfinished.decrementAndGet();
            waits.signal();
        });
        try {
            thread.execute(() -> complete(done, request));
        } catch (RejectedExecutionException full) {
            done.completeExceptionally(new RetriableException(
                    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                    MAX_WAITING + " commits wait already: commits are asked for faster than servers answer",
                    full));
        }
        return done;
    }

    private static <T extends @Nullable Object> void complete(CompletableFuture<T> done, Supplier<T> request) {
        try {
            done.complete(request.get());
        } catch (RuntimeException failure) {
            done.completeExceptionally(failure);
        }
    }

    /**
     * What becomes of it.
     *
     * @throws TidemarkTimeoutException when that is not known in time
     */
    <T extends @Nullable Object> T await(CompletableFuture<T> begun, Deadline deadline, boolean wakeable) {
        try {
            boolean inTime = wakeable
                    ? waits.await(begun::isDone, deadline)
                    : waits.awaitThroughWakeups(begun::isDone, deadline);
            if (!inTime) {
                throw new TidemarkTimeoutException("no server answered in time about the group's offsets", null);
            }
            return begun.join();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (CompletionException failed) {
            throw failureOf(failed);
        }
    }

    private static TidemarkException failureOf(Throwable failed) {
        Throwable cause =
                failed instanceof CompletionException && failed.getCause() != null ? failed.getCause() : failed;
        return cause instanceof TidemarkException known
                ? known
                : new TidemarkException(ErrorCode.UNKNOWN_SERVER_ERROR, "the request failed: " + cause, cause);
    }

    /** Waits for what is under way. */
    void awaitAll(Deadline deadline) throws InterruptedException {
        waits.awaitThroughWakeups(() -> unfinished.get() == 0, deadline);
    }

    /** Breaks off what is under way. */
    void close() {
        thread.shutdownNow();
    }
}
