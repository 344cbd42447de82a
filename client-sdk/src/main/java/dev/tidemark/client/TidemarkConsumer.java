package dev.tidemark.client;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads records, from partitions that are {@link #assign assigned} by hand or shared out by a {@link #subscribe(Collection) group}.
 *
 * <pre>{@code
 * try (TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
 *         .servers("http://localhost:8080")
 *         .keyDeserializer(Deserializers.text())
 *         .valueDeserializer(Deserializers.text())
 *         .build()) {
 *     consumer.assign(consumer.partitionsFor("greetings"));
 *     consumer.seekToBeginning(consumer.assignment());
 *     for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(5))) {
 *         System.out.println(record.offset() + ": " + record.key() + " = " + record.value());
 *     }
 * }
 * }</pre>
 *
 * <p>Reading moves nothing on the server: any number of consumers read the same records, and again after a {@link #seek}. While the application works on what a poll
 * returned, a background thread fetches what comes next.
 *
 * <h2>Groups</h2>
 *
 * Consumers with the same {@code groupId} that subscribe to the same topics share the partitions out among them, and remember how far they have read by committing offsets:
 *
 * <pre>{@code
 * TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
 *         .servers("http://a:8080", "http://b:8080")
 *         .groupId("billing")
 *         .autoOffsetReset(AutoOffsetReset.EARLIEST)
 *         .keyDeserializer(Deserializers.text())
 *         .valueDeserializer(Deserializers.text())
 *         .build();
 * Thread main = Thread.currentThread();
 * Runtime.getRuntime().addShutdownHook(new Thread(() -> {
 *     consumer.wakeup();
 *     joinFor20Seconds(main); // the process ends when its hooks have; the example GroupWorker has this in full
 * }));
 * try (consumer) {
 *     consumer.subscribe(List.of("orders"));
 *     while (true) {
 *         for (ConsumerRecord<String, String> order : consumer.poll(Duration.ofSeconds(1))) {
 *             bill(order);
 *         }
 *     }
 * } catch (WakeupException stopped) {
 *     // Committed, and gone from the group.
 * }
 * }</pre>
 *
 * <p>That is at least once: what a poll returned is committed by a later poll, or by close, and read again by whoever comes next when the worker dies before. With {@code enableAutoCommit(false)} the application says when, by
 * {@link #commitSync()} or {@link #commitAsync}. Where the work is done in the database that Tidemark lives in, {@link #commit(Connection)} makes it exactly once:
 *
 * <pre>{@code
 * while (true) {
 *     ConsumerRecords<String, String> orders = consumer.poll(Duration.ofSeconds(1));
 *     try {
 *         bill(orders, connection);
 *         consumer.commit(connection);
 *         connection.commit();
 *     } catch (SQLException | CommitFailedException e) {
 *         consumer.seekToCommitted();
 *         connection.rollback();
 *     }
 * }
 * }</pre>
 *
 * <p>Partitions come and go inside {@link #poll} only, on the application's thread: a {@link ConsumerRebalanceListener} is told, and after the poll in which a partition goes no record of it is returned. Other partitions are not
 * disturbed; they keep position and pause. A thread of the consumer's own keeps it in the group by heartbeats, through any of the servers. A consumer that does not poll for {@code maxPollInterval} leaves the group; one that no server
 * has heard of for {@code sessionTimeout} is expelled. Either way its next poll tells the listener ({@code onPartitionsLost}) and joins anew, and until then nothing can be committed.
 *
 * <h2>Threads</h2>
 *
 * For one thread at a time, or {@link java.util.ConcurrentModificationException}; only {@link #wakeup} may be called from any thread. Listeners and callbacks run on the thread that called. The consumer's own threads
 * (fetching, membership, commits) are daemons and run no code of the application's but {@code tokenSupplier}.
 */
public final class TidemarkConsumer<K, V> implements AutoCloseable {
    /** How long a method other than poll may take, retries included; as Kafka's default.api.timeout.ms. */
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final Offsets offsets;
    private final PollWait waits = new PollWait();
    private final ConsumerPartitions partitions;
    private final RecordDrain<K, V> drain;
    private final Fetcher fetcher;

    /** Null without a groupId. */
    private final @Nullable ConsumerGroup group;

    private final SingleUser user = new SingleUser();
    private boolean closed;

    TidemarkConsumer(ConsumerConfig config, Deserializer<K> keyDeserializer, Deserializer<V> valueDeserializer) {
        Transport transport = new Transport(config.connection());
        Caller caller = new Caller(transport);
        GroupConfig groupConfig = config.group();
        this.offsets = new Offsets(caller);
        this.partitions =
                new ConsumerPartitions(config.autoOffsetReset(), config.prefetchBytes(), groupConfig != null, waits);
        this.drain = new RecordDrain<>(partitions, config.maxPollRecords(), keyDeserializer, valueDeserializer);
        GroupRequests requests = groupConfig == null ? null : new GroupRequests(caller, groupConfig.groupId());
        this.fetcher = new Fetcher(config, transport, offsets, requests, partitions);
        this.group = groupConfig == null || requests == null
                ? null
                : new ConsumerGroup(groupConfig, CALL_TIMEOUT, transport, requests, partitions, waits);
        fetcher.start();
    }

    /** Settings of a new consumer of bytes; set deserializers for other types. */
    public static ConsumerBuilder<byte[], byte[]> builder() {
        return new ConsumerBuilder<>(Deserializers.bytes(), Deserializers.bytes());
    }

    /**
     * Reads these partitions from now on and no others. Partitions that stay keep their position; new ones have that which the group has committed, or none until a seek or {@code autoOffsetReset} gives one.
     *
     * @throws IllegalStateException while topics are subscribed to
     */
    public void assign(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            if (group != null && group.isSubscribed()) {
                throw new IllegalStateException("topics are subscribed to: unsubscribe before you assign partitions");
            }
            partitions.assign(List.copyOf(wanted));
        }
    }

    /** The same without a listener. */
    public void subscribe(Collection<String> topics) {
        subscribe(topics, null);
    }

    /**
     * Reads these topics as a member of the group, in place of those subscribed to before: the partitions that the group gives this consumer, once polls have joined. A topic that does not exist yet is read when it comes. None
     * at all is {@link #unsubscribe}.
     *
     * @throws IllegalStateException without a {@code groupId}, or while partitions are assigned by hand or a pattern is subscribed to
     */
    public void subscribe(Collection<String> topics, @Nullable ConsumerRebalanceListener listener) {
        if (topics.isEmpty()) {
            unsubscribe();
            return;
        }
        try (SingleUser.Turn turn = enter()) {
            group("subscribe").subscribe(new Subscription.Topics(Set.copyOf(topics)), listener);
        }
    }

    /** The same without a listener. */
    public void subscribe(Pattern pattern) {
        subscribe(pattern, null);
    }

    /**
     * Reads all topics whose whole name matches, those to come as well, as a member of the group. It is the server that matches, in RE2 syntax, which is Java's without back-references and look-around, and without flags but for
     * those in the pattern itself, as in {@code (?i)orders-.*}. Topics that may not be read do not match.
     *
     * @throws IllegalArgumentException when the pattern has flags
     * @throws IllegalStateException without a {@code groupId}, or while partitions are assigned by hand or topics are subscribed to by name
     */
    public void subscribe(Pattern pattern, @Nullable ConsumerRebalanceListener listener) {
        // Java counts those that stand in the pattern itself too.
        if (pattern.flags() != Pattern.compile(pattern.pattern()).flags()) {
            throw new IllegalArgumentException(
                    "a pattern's flags do not reach the server: write them into it, as in (?i)" + pattern);
        }
        try (SingleUser.Turn turn = enter()) {
            group("subscribe").subscribe(new Subscription.Matching(pattern.pattern()), listener);
        }
    }

    /** Reads nothing any more: partitions are let go of as in {@link #close}, and the group is left. */
    public void unsubscribe() {
        try (SingleUser.Turn turn = enter()) {
            if (group == null) {
                partitions.assign(List.of());
            } else {
                group.unsubscribe();
            }
        }
    }

    /** The topics subscribed to; with a pattern those of the partitions being read. Empty without a subscription. */
    public Set<String> subscription() {
        try (SingleUser.Turn turn = enter()) {
            return group == null ? Set.of() : group.subscription();
        }
    }

    /** The partitions being read. */
    public Set<TopicPartition> assignment() {
        try (SingleUser.Turn turn = enter()) {
            return partitions.assignment();
        }
    }

    /** Goes on at that offset. Offsets outside the log are dealt with by the next poll, as {@code autoOffsetReset} says. */
    public void seek(TopicPartition partition, long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, not " + offset);
        }
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(partition, offset);
        }
    }

    /** Goes on at the log start offset, as it is when next polled. */
    public void seekToBeginning(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(wanted, OffsetSpec.earliest());
        }
    }

    /** Goes on at the log end offset, as it is when next polled (or asked for by {@link #position}). */
    public void seekToEnd(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(wanted, OffsetSpec.latest());
        }
    }

    /** The same for all partitions being read. */
    public void seekToCommitted() {
        seekToCommitted(assignment());
    }

    /**
     * Goes on at the group's committed offset, as it is when next polled, or where {@code autoOffsetReset} says: what was returned since then is returned again. For after a {@link #commit(Connection) commit} whose database
     * transaction was rolled back, or failed.
     *
     * <p>Where that connection is closed or broken by now, whether its transaction took place, or will yet, is not known. A member then leaves its group and joins anew with the next poll, which gives it partitions only when the
     * transaction has ended, and so shows what is true.
     *
     * @throws IllegalStateException without a {@code groupId}
     */
    public void seekToCommitted(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            group("seekToCommitted").turnsBack();
            partitions.seekToCommitted(wanted);
        }
    }

    /**
     * The next records; returns as soon as there are some, and empty when none came in time. Retriable failures are retried within the time and not thrown.
     *
     * <p>As a member of a group it also joins, and hands over what has to go and takes what is new, as soon as the group says so, also while it waits. An automatic commit and the listener are then waited for, beyond the timeout if
     * need be: the commit for 10 s at most.
     *
     * @param timeout 0 returns what has been fetched already
     * @throws IllegalStateException when nothing is subscribed to or assigned
     * @throws OffsetOutOfRangeException when a position is outside the log and {@code autoOffsetReset} is NONE
     * @throws NoOffsetException when a partition has no position and {@code autoOffsetReset} is NONE
     * @throws SerializationException when a record's bytes are not what the deserializer expects; the position stays at that record
     * @throws WakeupException after {@link #wakeup}
     * @throws MaxPollIntervalExceededException when this is the first call after more than {@code maxPollInterval}, once; the next poll joins anew
     * @throws FencedInstanceIdException when another consumer with the same {@code groupInstanceId} has come, each time
     * @throws TidemarkException when the server refuses
     */
    public ConsumerRecords<K, V> poll(Duration timeout) {
        try (SingleUser.Turn turn = enter()) {
            waits.throwIfWokenUp();
            Deadline deadline = Deadline.in(timeout);
            if (group == null || !group.isSubscribed()) {
                requireAssignment();
            }
            return group == null ? next(deadline) : next(group, deadline);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private void requireAssignment() {
        if (partitions.assignment().isEmpty()) {
            throw new IllegalStateException("nothing is subscribed to, and no partition assigned");
        }
    }

    private ConsumerRecords<K, V> next(Deadline deadline) throws InterruptedException {
        while (true) {
            ConsumerRecords<K, V> records = drain.drain();
            if (!records.isEmpty() || !waits.await(partitions::hasArrived, deadline)) {
                return records;
            }
        }
    }

    private ConsumerRecords<K, V> next(ConsumerGroup member, Deadline deadline) throws InterruptedException {
        member.beginPoll();
        try {
            while (true) {
                member.handOver();
                ConsumerRecords<K, V> records = drain.drain();
                if (!records.isEmpty() || !waits.await(() -> member.hasNews() || partitions.hasArrived(), deadline)) {
                    return records;
                }
            }
        } finally {
            member.endPoll();
        }
    }

    /** Returns no records of these partitions until {@link #resume}; their positions stay. */
    public void pause(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.pause(wanted);
        }
    }

    public void resume(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.resume(wanted);
        }
    }

    public Set<TopicPartition> paused() {
        try (SingleUser.Turn turn = enter()) {
            return partitions.paused();
        }
    }

    /** The offset of the next record that poll will return; asks the server when there is none yet. */
    public long position(TopicPartition partition) {
        try (SingleUser.Turn turn = enter()) {
            return partitions.awaitPosition(partition, Deadline.in(CALL_TIMEOUT));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** {@link #commitSync(Duration)} within 60 s. */
    public void commitSync() {
        commitSync(CALL_TIMEOUT);
    }

    /**
     * Commits the positions of all partitions being read, as far as that is not done: all that polls have returned counts as read. Failures that may pass are retried within the time. More than 1,000 partitions take several
     * requests, one after the other.
     *
     * @throws CommitFailedException when this consumer is no member any more, or a partition has been given to another: nothing is committed, or of several requests those before
     * @throws FencedInstanceIdException when another consumer with the same {@code groupInstanceId} has come
     * @throws WakeupException after {@link #wakeup}; the outcome is unknown
     * @throws RetriableException when the time is over; the outcome may be unknown
     * @throws IllegalStateException without a {@code groupId}
     */
    public void commitSync(Duration timeout) {
        try (SingleUser.Turn turn = enter()) {
            group("commitSync").positions().sync(timeout);
        }
    }

    /** The same with these offsets, of the next record to read in each; all of them, or none, of each 1,000. Within 60 s. */
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> toCommit) {
        try (SingleUser.Turn turn = enter()) {
            group("commitSync").positions().sync(toCommit, CALL_TIMEOUT);
        }
    }

    /** The same without a callback: nobody hears of a failure. */
    public void commitAsync() {
        commitAsync(null);
    }

    /** Commits as {@link #commitSync()} does, in the background. */
    public void commitAsync(@Nullable OffsetCommitCallback callback) {
        try (SingleUser.Turn turn = enter()) {
            group("commitAsync").positions().async(null, callback);
        }
    }

    /**
     * Commits these offsets in the background: after those of earlier calls, with retries for 60 s. A later {@link #commitSync()} or {@link #close} waits for it.
     *
     * @param callback runs in a later poll, commit or close. More than 1,000 commits that wait are refused there
     * @throws CommitFailedException when this consumer is no member any more
     */
    public void commitAsync(Map<TopicPartition, OffsetAndMetadata> toCommit, @Nullable OffsetCommitCallback callback) {
        try (SingleUser.Turn turn = enter()) {
            group("commitAsync").positions().async(Objects.requireNonNull(toCommit), callback);
        }
    }

    /**
     * Commits the positions of what polls have returned in a database transaction of the application's own, in the database that Tidemark lives in: they count if and only if that transaction commits. Until it ends, no other member
     * gets these partitions; afterwards, where they have been given away, it is refused. It needs the role {@code tidemark_writer} or {@code EXECUTE} on {@code tidemark.commit_offsets}.
     *
     * <p>The consumer does not hear whether the application commits. When the transaction fails call {@link #seekToCommitted()}, before the rollback, which may fail too, and what was rolled back is returned again; or let the
     * exception end the loop, and close the consumer. A poll without either says that the commit took place. The same call may be repeated in another transaction before the next poll.
     *
     * @param connection with a transaction, which is neither committed nor rolled back here
     * @throws CommitFailedException as {@link #commitSync()}; the transaction must be rolled back
     * @throws SQLException any other error of the database, likewise
     * @throws IllegalStateException without a {@code groupId}, or with {@code enableAutoCommit}: a poll could commit what the application rolls back
     */
    public void commit(Connection connection) throws SQLException {
        try (SingleUser.Turn turn = enter()) {
            group("commit").positions().into(connection);
        }
    }

    /**
     * What to commit right now, and as whom: for committing it in a producer's transaction. As with {@link #commit(Connection)}, the next poll takes it for committed unless {@link #seekToCommitted()} comes first.
     *
     * @throws CommitFailedException when this consumer is no member
     * @throws IllegalStateException without a {@code groupId}, or with {@code enableAutoCommit}
     */
    public GroupOffsets groupOffsets() {
        try (SingleUser.Turn turn = enter()) {
            return group("groupOffsets").positions().handOut();
        }
    }

    /** A producer's transaction with these offsets may have taken place, or may yet. From the thread that called it. */
    void leaveInDoubt(GroupOffsets offsets, TidemarkException unknown) {
        if (group != null) {
            group.leaveInDoubt(offsets.memberId(), "the transaction with its offsets", unknown);
        }
    }

    /** What the group has committed in these partitions, without those where it has nothing. Within 60 s. @throws WakeupException after {@link #wakeup} */
    public Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            return group("committed").positions().committed(wanted, CALL_TIMEOUT);
        }
    }

    /** Who this consumer is in its group right now. @throws IllegalStateException without a {@code groupId} */
    public ConsumerGroupMetadata groupMetadata() {
        try (SingleUser.Turn turn = enter()) {
            return group("groupMetadata").positions().metadata();
        }
    }

    /** The log start offsets. */
    public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.find(wanted, OffsetSpec.earliest(), CALL_TIMEOUT);
        }
    }

    /** The log end offsets: the one the next record will get. */
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.find(wanted, OffsetSpec.latest(), CALL_TIMEOUT);
        }
    }

    /**
     * For each partition the first record at or after a time.
     *
     * @param timestamps milliseconds since 1970-01-01T00:00Z
     * @return without the partitions that have no such record
     */
    public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(Map<TopicPartition, Long> timestamps) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.findByTime(timestamps, CALL_TIMEOUT);
        }
    }

    /** The topic's partitions. @throws UnknownTopicOrPartitionException when there is no such topic */
    public List<TopicPartition> partitionsFor(String topic) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.partitionsFor(topic, CALL_TIMEOUT);
        }
    }

    /** Ends the wait of the poll or commit that runs, or of the next one, with {@link WakeupException}. May be called from any thread. A partition being handed over is handed over first. */
    public void wakeup() {
        waits.wakeup();
    }

    /** {@link #close(Duration)} within 10 s. */
    @Override
    public void close() {
        close(CLOSE_TIMEOUT);
    }

    /**
     * Commits what automatic commits have not yet, waits for {@link #commitAsync}, tells the listener that all partitions go, leaves the group (but for a static member), stops fetching and frees everything. Takes no longer than the
     * time and a few seconds, whether or not a server answers, but for what listener and callbacks take. Idempotent.
     */
    public void close(Duration timeout) {
        try (SingleUser.Turn turn = user.enter()) {
            if (closed) {
                return;
            }
            if (group != null) {
                group.refuseInListener("close");
            }
            waits.goDeaf();
            try {
                if (group != null) {
                    group.close(Deadline.in(timeout));
                }
            } finally {
                closed = true;
                partitions.close();
                fetcher.stop();
            }
        }
    }

    private ConsumerGroup group(String what) {
        if (group == null) {
            throw new IllegalStateException(what + " needs a groupId");
        }
        return group;
    }

    private SingleUser.Turn enter() {
        SingleUser.Turn turn = user.enter();
        if (closed) {
            turn.close();
            throw new IllegalStateException("the consumer is closed");
        }
        return turn;
    }
}
