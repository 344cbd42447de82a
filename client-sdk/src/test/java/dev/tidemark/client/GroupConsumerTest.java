package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a member of a group does about what a server tells it, or does not. */
@Timeout(60)
class GroupConsumerTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(10);
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);

    private final FakeBroker broker = new FakeBroker();
    private final FakeGroup group = broker.group;
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void fill() {
        broker.createTopic("t", 2);
        append(0, 0, 5);
        append(1, 0, 5);
        group.giveJoiners(P0, P1);
    }

    @AfterEach
    void stop() {
        group.commitsWait.countDown();
        broker.close();
    }

    private void append(int partition, int from, int to) {
        for (int i = from; i < to; i++) {
            broker.append("t", partition, 1000 + i, "k", partition + ":" + i);
        }
    }

    private ConsumerBuilder<String, String> settings() {
        return TidemarkConsumer.builder()
                .servers(broker.url())
                .groupId("g")
                .enableAutoCommit(false)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(20));
    }

    /** Notes what it is told, and what had been asked of the server by then. */
    private final class Notes implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            note("revoked", partitions);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            note("assigned", partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            note("lost", partitions);
        }

        private void note(String what, Collection<TopicPartition> partitions) {
            told.add(what + " "
                    + partitions.stream().map(TopicPartition::toString).sorted().toList());
            group.heard.add(what);
        }
    }

    private TidemarkConsumer<String, String> subscribed(ConsumerBuilder<String, String> settings) {
        TidemarkConsumer<String, String> consumer = settings.build();
        consumer.subscribe(List.of("t"), new Notes());
        return consumer;
    }

    private static List<String> pollUntil(TidemarkConsumer<String, String> consumer, BooleanSupplier enough) {
        List<String> values = new ArrayList<>();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> {
            consumer.poll(SHORT).forEach(record -> values.add(record.value()));
            return enough.getAsBoolean();
        });
        return values;
    }

    private static List<String> read(TidemarkConsumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        while (values.size() < count) {
            consumer.poll(LONG).forEach(record -> values.add(record.value()));
        }
        return values;
    }

    private static CompletableFuture<Void> inBackground(Runnable work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (Throwable failure) {
                done.completeExceptionally(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    @Test
    void memberReadsWhatItIsGivenFromTheCommittedOffsetOn() {
        group.committed.put(P0, 3L);
        try (TidemarkConsumer<String, String> consumer =
                subscribed(settings().clientId("worker 7").partitionAssignor(PartitionAssignor.RANGE))) {
            assertThat(read(consumer, 7)).containsOnly("0:3", "0:4", "1:0", "1:1", "1:2", "1:3", "1:4");
            assertThat(told).containsExactly("assigned [t-0, t-1]");
            assertThat(consumer.assignment()).containsOnly(P0, P1);
            assertThat(consumer.subscription()).containsOnly("t");
            assertThat(consumer.groupMetadata().memberId()).isEqualTo(group.memberId());
        }
        assertThat(group.joins.get(0))
                .hasToString("{\"member_id\":" + group.joins.get(0).get("member_id")
                        + ",\"topics\":[\"t\"],\"client_id\":\"worker 7\",\"assignor\":\"range\",\"session_timeout_ms\":45000,"
                        + "\"rebalance_timeout_ms\":300000,\"heartbeat_interval_ms\":3000}");
        assertThat(group.memberCount()).isZero();
    }

    @Test
    void patternGoesToTheServerAsItIs() {
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.subscribe(Pattern.compile("(?i)T.*"));
            assertThat(read(consumer, 10)).hasSize(10);
            assertThat(consumer.subscription()).containsOnly("t");
            assertThat(group.joins.get(0).get("pattern").asText()).isEqualTo("(?i)T.*");
            assertThat(group.joins.get(0).get("topics")).isNull();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> consumer.subscribe(Pattern.compile("t", Pattern.CASE_INSENSITIVE)))
                    .withMessageContaining("(?i)t");
        }
    }

    @Test
    void partitionIsCommittedThenRevokedAndThenLetGo() {
        try (TidemarkConsumer<String, String> consumer =
                subscribed(settings().enableAutoCommit(true).autoCommitInterval(LONG))) {
            read(consumer, 10);
            group.heard.clear();
            group.assign(P1);
            pollUntil(consumer, () -> group.heard.contains("beat [t-1]"));
            append(0, 5, 9);

            List<String> order = group.heard.stream()
                    .filter(it -> !it.equals("beat [t-0, t-1]"))
                    .toList();
            assertThat(order.subList(0, 3)).containsExactly("commit {t-0=5, t-1=5}", "revoked", "beat [t-1]");
            assertThat(told).containsExactly("assigned [t-0, t-1]", "revoked [t-0]");
            assertThat(consumer.assignment()).containsOnly(P1);
            append(1, 5, 6);
            assertThat(read(consumer, 1)).containsExactly("1:5");
        }
        assertThat(group.committed()).isEqualTo(Map.of(P0, 5L, P1, 6L));
        assertThat(told).endsWith("revoked [t-1]");
        assertThat(group.heard.stream().filter(it -> !it.startsWith("beat"))).endsWith("revoked", "leave");
    }

    /** All others would wait for it. */
    @Test
    void pollThatWaitsForRecordsHandsOver() throws Exception {
        TidemarkConsumer<String, String> consumer = subscribed(settings().fetchMaxWait(LONG));
        read(consumer, 10);
        CompletableFuture<Void> polling = inBackground(() -> consumer.poll(LONG));
        group.assign(P0);
        await().until(() -> group.heard.contains("beat [t-0]"));
        assertThat(polling).isNotDone();
        consumer.wakeup();
        assertThat(failureOf(polling)).isInstanceOf(WakeupException.class);
        consumer.close();
    }

    private static Throwable failureOf(CompletableFuture<?> future) throws Exception {
        try {
            future.get(30, TimeUnit.SECONDS);
            throw new AssertionError("it did not fail");
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    @Test
    void recordsFetchedOfAPartitionThatGoesAreNotReturned() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().maxPollRecords(1))) {
            List<String> before = read(consumer, 1);
            TopicPartition stays = before.get(0).startsWith("0") ? P1 : P0;
            int at = group.heard.size();
            group.assign(stays);
            List<String> after = new ArrayList<>();
            await().pollDelay(Duration.ZERO).until(() -> {
                boolean isGone = told.size() == 2;
                consumer.poll(SHORT).forEach(record -> {
                    if (isGone) {
                        after.add(record.value());
                    }
                });
                return group.heard.subList(at, group.heard.size()).contains("beat [" + stays + "]")
                        && after.size() >= 2;
            });
            assertThat(after).allMatch(value -> value.startsWith(stays.partition() + ":"));
        }
    }

    @Test
    void partitionsThatStayKeepPositionAndPause() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 10);
            consumer.seek(P1, 2);
            consumer.pause(List.of(P1));
            group.assign(P1);
            pollUntil(consumer, () -> group.heard.contains("beat [t-1]"));
            assertThat(consumer.paused()).containsOnly(P1);
            assertThat(consumer.position(P1)).isEqualTo(2);
            group.assign(P0, P1);
            assertThat(pollUntil(consumer, () -> told.size() == 3 && consumer.position(P0) == 5))
                    .containsExactly("0:0", "0:1", "0:2", "0:3", "0:4");
            consumer.resume(List.of(P1));
            assertThat(read(consumer, 3)).containsExactly("1:2", "1:3", "1:4");
        }
    }

    @Test
    void listenerMaySeekAndCommitButNotPoll() {
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.subscribe(List.of("t"), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    consumer.commitSync(Map.of(P0, new OffsetAndMetadata(consumer.position(P0) + 40)));
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    consumer.seek(P0, 4);
                    assertThatIllegalStateException().isThrownBy(() -> consumer.poll(SHORT));
                    assertThatIllegalStateException().isThrownBy(consumer::close);
                    assertThatIllegalStateException().isThrownBy(consumer::unsubscribe);
                }
            });
            assertThat(read(consumer, 6)).contains("0:4").doesNotContain("0:3");
        }
        assertThat(group.committed()).containsEntry(P0, 45L);
    }

    @Test
    void whatAListenerThrowsComesOutOfThePollAndPartitionsGoAllTheSame() {
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.subscribe(List.of("t"), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    throw new IllegalArgumentException("oh");
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
            });
            read(consumer, 10);
            group.assign(P1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pollUntil(consumer, () -> false))
                    .withMessage("oh");
            assertThat(consumer.assignment()).containsOnly(P1);
            await().until(() -> group.heard.contains("beat [t-1]"));
            consumer.subscribe(List.of("t"));
        }
    }

    @Test
    void pollsCommitWhatEarlierOnesReturned() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings()
                .enableAutoCommit(true)
                .autoCommitInterval(Duration.ofMillis(1))
                .maxPollRecords(3))) {
            read(consumer, 3);
            assertThat(group.committed()).isEmpty();
            await().until(() -> {
                consumer.poll(Duration.ZERO);
                return group.committed().values().stream()
                                .mapToLong(Long::longValue)
                                .sum()
                        == 10;
            });
            long commits =
                    group.heard.stream().filter(it -> it.startsWith("commit")).count();
            pollUntil(
                    consumer,
                    () -> group.heard.stream()
                                    .filter(it -> it.startsWith("beat"))
                                    .count()
                            > 5);
            assertThat(group.heard.stream()
                            .filter(it -> it.startsWith("commit"))
                            .count())
                    .as("nothing has moved since")
                    .isEqualTo(commits);
        }
    }

    @Test
    void commitsAreTheApplicationsWithoutAutoCommit() throws Exception {
        TidemarkConsumer<String, String> consumer = subscribed(settings());
        read(consumer, 10);
        consumer.commitSync(Map.of(P0, new OffsetAndMetadata(2, 7, "note")));
        assertThat(group.committed()).isEqualTo(Map.of(P0, 2L));
        assertThat(consumer.committed(Set.of(P0, P1)))
                .containsOnlyKeys(P0)
                .hasEntrySatisfying(P0, offset -> assertThat(offset.offset()).isEqualTo(2));
        consumer.commitSync();
        assertThat(group.committed()).isEqualTo(Map.of(P0, 5L, P1, 5L));

        List<String> done = new ArrayList<>();
        consumer.commitAsync(Map.of(P0, new OffsetAndMetadata(1)), (offsets, failure) -> done.add("first " + failure));
        consumer.commitAsync(
                Map.of(P1, new OffsetAndMetadata(1)), (offsets, failure) -> done.add("second " + offsets.keySet()));
        consumer.close();
        assertThat(done).containsExactly("first null", "second [t-1]");
        assertThat(group.committed()).isEqualTo(Map.of(P0, 1L, P1, 1L));
    }

    @Test
    void commitsAreNumberedAsTheyAreAskedForAndARepetitionHasItsFirstOnesNumber() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().maxPollRecords(10))) {
            read(consumer, 10);
            group.unavailableCommits.set(2);
            consumer.commitSync(Map.of(P0, new OffsetAndMetadata(1)));
            assertThat(group.commitNumbers).containsExactly("1", "1", "1");

            group.commitsWait = new CountDownLatch(1);
            consumer.commitAsync(Map.of(P0, new OffsetAndMetadata(2)), null);
            GroupOffsets handedOut = consumer.groupOffsets();
            consumer.commitAsync(Map.of(P0, new OffsetAndMetadata(3)), null);
            group.commitsWait.countDown();
            await().until(() -> group.commitNumbers.size() == 5);
            assertThat(group.commitNumbers).endsWith("2", "4");
            assertThat(handedOut.commitNumber()).isEqualTo(3);

            group.expel();
            read(consumer, 7);
            consumer.commitSync();
            assertThat(group.commitNumbers).endsWith("5");
        }
        group.commitNumbers.clear();
        try (TidemarkConsumer<String, String> automatic =
                subscribed(settings().enableAutoCommit(true).autoCommitInterval(Duration.ofMillis(1)))) {
            append(0, 5, 6);
            pollUntil(automatic, () -> !group.commitNumbers.isEmpty());
            append(0, 6, 7);
            read(automatic, 1);
        }
        assertThat(group.commitNumbers).hasSizeGreaterThan(1).doesNotContain("none");
        assertThat(group.commitNumbers).isSortedAccordingTo(Comparator.comparingLong(Long::parseLong));
        assertThat(group.commitNumbers).doesNotHaveDuplicates();
    }

    @Test
    void commitsTooFastAreRefusedByName() {
        group.commitsWait = new CountDownLatch(1);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 1);
            List<ErrorCode> refused = new ArrayList<>();
            for (int i = 0; i < 1002; i++) {
                consumer.commitAsync(Map.of(P0, new OffsetAndMetadata(1)), (offsets, failure) -> {
                    if (failure != null) {
                        refused.add(failure.errorCode());
                    }
                });
            }
            group.commitsWait.countDown();
            pollUntil(consumer, () -> !refused.isEmpty());
            assertThat(refused).containsOnly(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        }
    }

    @Test
    void expelledMemberLosesItsPartitionsAndJoinsAnew() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 10);
            String before = group.memberId();
            group.expel();
            assertThatExceptionOfType(CommitFailedException.class)
                    .isThrownBy(consumer::commitSync)
                    .withMessageContaining("expelled by the test")
                    .satisfies(e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID));
            assertThat(group.memberCount()).as("only a poll joins").isZero();
            assertThat(read(consumer, 10)).as("nothing was committed").hasSize(10);
            assertThat(told).containsExactly("assigned [t-0, t-1]", "lost [t-0, t-1]", "assigned [t-0, t-1]");
            assertThat(group.memberId()).isNotEqualTo(before);
            consumer.commitSync();
            assertThat(group.committed()).isEqualTo(Map.of(P0, 5L, P1, 5L));
        }
    }

    @Test
    void commitOfAPartitionThatIsAnothersFails() {
        group.giveJoiners(P0);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 5);
            assertThatExceptionOfType(CommitFailedException.class)
                    .isThrownBy(() -> consumer.commitSync(Map.of(P1, new OffsetAndMetadata(1))))
                    .withMessageContaining("not the owner")
                    .satisfies(e -> assertThat(e.errorCode()).isEqualTo(ErrorCode.ILLEGAL_GENERATION));
            consumer.commitSync();
            assertThat(group.committed()).isEqualTo(Map.of(P0, 5L));
        }
    }

    @Test
    void workerThatDoesNotPollLeavesAndIsTold() {
        try (TidemarkConsumer<String, String> consumer =
                subscribed(settings().maxPollInterval(Duration.ofMillis(300)))) {
            read(consumer, 10);
            await().until(() -> group.heard.contains("leave"));
            assertThatExceptionOfType(MaxPollIntervalExceededException.class)
                    .isThrownBy(() -> consumer.poll(LONG))
                    .withMessageMatching("poll was not called for \\d+ ms, longer than maxPollInterval \\(300 ms\\).*");
            assertThat(told).containsExactly("assigned [t-0, t-1]", "lost [t-0, t-1]");
            assertThat(read(consumer, 10)).hasSize(10);

            await().until(() -> group.heard.stream().filter("leave"::equals).count() == 2);
            assertThatExceptionOfType(CommitFailedException.class)
                    .isThrownBy(consumer::commitSync)
                    .withMessageContaining("maxPollInterval (300 ms)");
            assertThat(read(consumer, 10)).as("it knows already").hasSize(10);
            assertThat(told).endsWith("lost [t-0, t-1]", "assigned [t-0, t-1]");
        }
    }

    /** However long it takes, a poll that waits is no stuck worker. */
    @Test
    void pollThatWaitsLongerThanTheIntervalStaysAMember() {
        try (TidemarkConsumer<String, String> consumer =
                subscribed(settings().maxPollInterval(Duration.ofMillis(200)))) {
            read(consumer, 10);
            assertThat(consumer.poll(Duration.ofMillis(600)).isEmpty()).isTrue();
            assertThat(group.heard).doesNotContain("leave");
        }
    }

    @Test
    void fencedMemberIsToldAtEachPoll() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().groupInstanceId("one"))) {
            read(consumer, 10);
            group.fence();
            for (int i = 0; i < 2; i++) {
                assertThatExceptionOfType(FencedInstanceIdException.class)
                        .isThrownBy(() -> pollUntil(consumer, () -> false));
            }
            assertThat(told).endsWith("lost [t-0, t-1]");
            assertThatExceptionOfType(FencedInstanceIdException.class)
                    .isThrownBy(() -> consumer.commitSync(Map.of(P0, new OffsetAndMetadata(1))));
        }
    }

    @Test
    void staticMemberDoesNotLeaveWhenItIsClosed() {
        try (TidemarkConsumer<String, String> consumer =
                subscribed(settings().groupInstanceId("one").enableAutoCommit(true))) {
            read(consumer, 10);
        }
        assertThat(group.heard).doesNotContain("leave");
        assertThat(group.committed()).isEqualTo(Map.of(P0, 5L, P1, 5L));
        assertThat(group.memberCount()).isEqualTo(1);
    }

    @Test
    void unsubscribeLeavesAndSubscribeJoinsAgain() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 10);
            consumer.unsubscribe();
            assertThat(told).endsWith("revoked [t-0, t-1]");
            assertThat(consumer.assignment()).isEmpty();
            assertThat(consumer.subscription()).isEmpty();
            await().until(() -> group.memberCount() == 0);
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.poll(SHORT))
                    .withMessageContaining("nothing is subscribed to");
            consumer.subscribe(List.of("t"));
            assertThat(read(consumer, 10)).hasSize(10);
        }
    }

    @Test
    void anotherSubscriptionIsJoinedWithTheSameMember() {
        broker.createTopic("u", 1);
        broker.append("u", 0, 1, "k", "u");
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 10);
            consumer.subscribe(List.of("u"), new Notes());
            group.assign(new TopicPartition("u", 0));
            assertThat(read(consumer, 1)).containsExactly("u");
            assertThat(told).containsExactly("assigned [t-0, t-1]", "revoked [t-0, t-1]", "assigned [u-0]");
            assertThat(group.joins)
                    .hasSize(2)
                    .extracting(join -> join.get("member_id"))
                    .containsOnly(group.joins.get(0).get("member_id"));
        }
    }

    @Test
    void lostAnswersCostNothing() {
        broker.cutNext("/members");
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            read(consumer, 10);
            assertThat(group.memberCount()).isEqualTo(1);
            broker.cutNext("/heartbeat");
            long before =
                    group.heard.stream().filter(it -> it.startsWith("beat")).count();
            pollUntil(
                    consumer,
                    () -> group.heard.stream()
                                    .filter(it -> it.startsWith("beat"))
                                    .count()
                            > before + 2);
            broker.cutNext("/offsets");
            consumer.commitSync();
            assertThat(group.committed()).hasSize(2);
            broker.cutNext("/members/" + group.memberId());
        }
        assertThat(group.memberCount()).isZero();
        assertThat(told).containsExactly("assigned [t-0, t-1]", "revoked [t-0, t-1]");
    }

    @Test
    void membershipOutlivesAServer() {
        try (FakeBroker second = new FakeBroker()) {
            second.group = group;
            second.createTopic("t", 2);
            try (TidemarkConsumer<String, String> consumer =
                    subscribed(settings().servers(broker.url(), second.url()).requestTimeout(Duration.ofSeconds(5)))) {
                pollUntil(consumer, () -> told.size() == 1);
                FakeBroker dies = broker.requests.stream().anyMatch(it -> it.contains("/members")) ? broker : second;
                FakeBroker stays = dies == broker ? second : broker;
                dies.close();
                int before = stays.requests.size();
                await().until(() -> stays.requests.subList(before, stays.requests.size()).stream()
                        .anyMatch(it -> it.endsWith("/heartbeat")));
                assertThat(group.joins).hasSize(1);
            }
        }
    }

    @Test
    void closeIsBoundedWhenNoServerAnswers() {
        TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(true));
        read(consumer, 10);
        broker.close();
        long before = System.nanoTime();
        consumer.close(Duration.ofMillis(500));
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
        assertThat(told).endsWith("revoked [t-0, t-1]");
    }

    @Test
    void wakeupEndsAJoinAndACommit() throws Exception {
        group.refuseJoins = ErrorCode.BROKER_NOT_AVAILABLE;
        TidemarkConsumer<String, String> consumer = subscribed(settings());
        CompletableFuture<Void> joining = inBackground(() -> consumer.poll(LONG));
        await().until(() -> group.heard.contains("join"));
        consumer.wakeup();
        assertThat(failureOf(joining)).isInstanceOf(WakeupException.class);

        group.refuseJoins = null;
        read(consumer, 10);
        group.commitsWait = new CountDownLatch(1);
        CompletableFuture<Void> committing = inBackground(consumer::commitSync);
        await().until(() -> broker.requests.stream().anyMatch(it -> it.equals("POST /v1/groups/g/offsets")));
        consumer.wakeup();
        assertThat(failureOf(committing)).isInstanceOf(WakeupException.class);
        group.commitsWait.countDown();
        consumer.close();
    }

    @Test
    void refusedJoinIsThrownByPollAndTriedAgain() {
        group.refuseJoins = ErrorCode.GROUP_AUTHORIZATION_FAILED;
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            for (int i = 0; i < 2; i++) {
                assertThatExceptionOfType(AuthorizationException.class).isThrownBy(() -> consumer.poll(LONG));
            }
            group.refuseJoins = null;
            assertThat(read(consumer, 10)).hasSize(10);
        }
    }

    @Test
    void whatWasHandedOutIsCommittedUnlessSoughtBack() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().maxPollRecords(10))) {
            read(consumer, 10);
            GroupOffsets handedOut = consumer.groupOffsets();
            assertThat(handedOut.memberId()).isEqualTo(group.memberId());
            assertThat(handedOut.offsets()).containsOnlyKeys(P0, P1);
            GroupOffsets again = consumer.groupOffsets();
            assertThat(again.offsets()).as("until the next poll").isEqualTo(handedOut.offsets());
            assertThat(again.commitNumber()).isGreaterThan(handedOut.commitNumber());

            consumer.seekToCommitted();
            assertThat(read(consumer, 10)).as("rolled back").hasSize(10);
            consumer.groupOffsets();
            consumer.poll(SHORT);
            assertThat(consumer.groupOffsets().offsets()).isEmpty();
            append(0, 5, 6);
            read(consumer, 1);
            assertThat(consumer.groupOffsets().offsets()).containsOnlyKeys(P0);
        }
        try (TidemarkConsumer<String, String> automatic = subscribed(settings().enableAutoCommit(true))) {
            assertThatIllegalStateException()
                    .isThrownBy(automatic::groupOffsets)
                    .withMessageContaining("enableAutoCommit");
        }
    }

    @Test
    void assignedByHandItCommitsAsNobody() {
        group.committed.put(P0, 2L);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(P0));
            assertThat(read(consumer, 3)).containsExactly("0:2", "0:3", "0:4");
            consumer.commitSync();
            assertThat(group.committed()).isEqualTo(Map.of(P0, 5L));
            assertThat(group.heard).containsExactly("commit {t-0=5}");
            assertThat(group.commitNumbers).containsExactly("none");
            assertThat(consumer.groupMetadata()).isEqualTo(new ConsumerGroupMetadata("g", "", -1, null));
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.subscribe(List.of("t")))
                    .withMessageContaining("assigned by hand");
        }
    }

    @Test
    void wrongUseIsSaid() {
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.assign(List.of(P0)))
                    .withMessageContaining("unsubscribe");
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.subscribe(Pattern.compile("t")))
                    .withMessageContaining("by name or by pattern");
            assertThatExceptionOfType(CommitFailedException.class)
                    .isThrownBy(() -> consumer.commitSync(Map.of(P0, new OffsetAndMetadata(1))))
                    .withMessageContaining("not yet, a member");
        }
        try (TidemarkConsumer<String, String> alone =
                settings().groupId(null).enableAutoCommit(false).build()) {
            assertThatIllegalStateException().isThrownBy(() -> alone.poll(SHORT));
            List<Consumer<TidemarkConsumer<String, String>>> calls = List.of(
                    it -> it.subscribe(List.of("t")),
                    TidemarkConsumer::commitSync,
                    TidemarkConsumer::commitAsync,
                    TidemarkConsumer::groupMetadata,
                    TidemarkConsumer::groupOffsets,
                    it -> it.committed(Set.of(P0)));
            assertThat(calls)
                    .allSatisfy(call -> assertThatIllegalStateException()
                            .isThrownBy(() -> call.accept(alone))
                            .withMessageContaining("needs a groupId"));
        }
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        Map<String, ConsumerBuilder<String, String>> wrong = Map.of(
                "groupId", settings().groupId(""),
                "groupInstanceId", settings().groupInstanceId("x".repeat(250)),
                "sessionTimeout", settings().sessionTimeout(Duration.ofSeconds(2)),
                "heartbeatInterval", settings().heartbeatInterval(Duration.ofSeconds(16)),
                "maxPollInterval", settings().maxPollInterval(Duration.ZERO),
                "autoCommitInterval", settings().enableAutoCommit(true).autoCommitInterval(Duration.ZERO),
                "sqlSchema", settings().sqlSchema(""),
                "enableAutoCommit", settings().groupId(null).enableAutoCommit(true));
        wrong.forEach((name, settings) ->
                assertThatIllegalArgumentException().isThrownBy(settings::build).withMessageContaining(name));
        settings().sessionTimeout(Duration.ofSeconds(3)).build().close();
    }
}
