package dev.tidemark.server.group;

import static dev.tidemark.schema.tidemark_internal.Tables.BEATS_OF_OTHERS;
import static dev.tidemark.schema.tidemark_internal.Tables.PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.TOPIC;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.log.epoch.LeaderEpoch;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Watches over all groups, once a second: hears whom other servers have heard, expels who is silent or does not let go, and gives groups targets that fit new and deleted topics. For one thread, that of
 * {@link Rounds}. Every server does it; that two expel the same member harms nobody.
 */
final class GroupKeeper {
    /** Beats are visible only after their COMMIT, so each look begins before the end of the last one. */
    private static final Duration OVERLAP = Duration.ofSeconds(3);

    /** Older beats are deleted. */
    private static final Duration MOST_BEATS = Duration.ofMinutes(1);

    /** A round that takes longer would make this server's own looks late; the rest waits for the next one. */
    private static final Duration ROUND = Duration.ofMillis(700);

    /** Longer than a change of a group takes. */
    private static final Duration CHANGES_UNDER_WAY = Duration.ofSeconds(15);

    private static final TopicScope ALL = new TopicScope(List.of("*"));

    private final Database database;
    private final LeaderEpochs epochs;
    private final GroupTransactions transactions;
    private final LastHeard lastHeard;
    private final UUID self;
    private final LongSupplier nanoTime;
    private final Roster roster;
    private final Set<String> toRefresh = new LinkedHashSet<>();
    private TopicCatalogue catalogue = TopicCatalogue.EMPTY;
    private @Nullable Fingerprint fingerprint;
    private int epoch;
    private long topicsChangedAt;

    /** Differs whenever topics or partitions do: ids only grow, and changes of topics come one after the other. */
    private record Fingerprint(int topics, int lastTopic, int lastPartition) {}

    private record Beat(UUID serverId, int msAgo, Integer[] memberNos, Integer[] heardMsAgo) {}

    private record Look(List<Beat> beats, @Nullable Fingerprint topics) {}

    private record Suspect(String group, Departure.Reason reason, Roster.Listed member) {}

    GroupKeeper(
            Database database,
            LeaderEpochs epochs,
            GroupTransactions transactions,
            LastHeard lastHeard,
            UUID self,
            LongSupplier nanoTime) {
        this.database = database;
        this.epochs = epochs;
        this.transactions = transactions;
        this.lastHeard = lastHeard;
        this.self = self;
        this.nanoTime = nanoTime;
        this.roster = new Roster(nanoTime);
        this.topicsChangedAt = nanoTime.getAsLong();
    }

    Roster roster() {
        return roster;
    }

    void round() {
        long until = nanoTime.getAsLong() + ROUND.toNanos();
        Look look = epochs.inCurrent(current -> database.transaction(jooq -> look(jooq, current)));
        look.beats()
                .forEach(beat -> lastHeard.beat(beat.serverId(), beat.msAgo(), beat.memberNos(), beat.heardMsAgo()));
        lastHeard.read();
        expel(suspects(), until);
        noticeTopics(look.topics());
        refresh(until);
    }

    private Look look(DSLContext jooq, LeaderEpoch current) {
        roster.read(jooq, current);
        if (current.number() != epoch) {
            // What was lost may be there again under the same ids.
            fingerprint = null;
            catalogue = TopicCatalogue.EMPTY;
            epoch = current.number();
        }
        if (roster.groupCount() == 0) {
            return new Look(List.of(), null);
        }
        return new Look(beats(jooq), fingerprint(jooq));
    }

    private List<Beat> beats(DSLContext jooq) {
        long withinMs = Math.min(
                MOST_BEATS.toMillis(), lastHeard.sinceRead().plus(OVERLAP).toMillis());
        return jooq.selectFrom(BEATS_OF_OTHERS(self, Math.toIntExact(withinMs)))
                .fetch(row -> new Beat(
                        row.getServerId(),
                        row.getBeatMsAgo(),
                        // Null of servers that know of no groups.
                        row.getMemberNos() == null ? new Integer[0] : row.getMemberNos(),
                        row.getHeardMsAgo() == null ? new Integer[0] : row.getHeardMsAgo()));
    }

    private static Fingerprint fingerprint(DSLContext jooq) {
        var row = jooq.select(
                        DSL.field(DSL.selectCount().from(TOPIC).where(TOPIC.DELETED_AT.isNull())),
                        DSL.field(DSL.select(DSL.max(TOPIC.TOPIC_ID)).from(TOPIC)),
                        DSL.field(DSL.select(DSL.max(PARTITION.PARTITION_ID)).from(PARTITION)))
                .fetchSingle();
        return new Fingerprint(orZero(row.value1()), orZero(row.value2()), orZero(row.value3()));
    }

    private static int orZero(@Nullable Integer number) {
        return number == null ? 0 : number;
    }

    private List<Suspect> suspects() {
        List<LastHeard.Watched> watched = new ArrayList<>();
        for (Roster.Group group : roster.groups()) {
            group.members()
                    .forEach(
                            member -> watched.add(new LastHeard.Watched(member.memberNo(), member.sessionTimeoutMs())));
        }
        int rank = (int) lastHeard.others().stream()
                .filter(other -> other.compareTo(self) < 0)
                .count();
        Set<Integer> silent = lastHeard.silent(watched, rank);
        List<Suspect> suspects = new ArrayList<>();
        for (Roster.Group group : roster.groups()) {
            for (Roster.Listed member : group.members()) {
                if (silent.contains(member.memberNo())) {
                    suspects.add(new Suspect(group.name(), Departure.Reason.SESSION_TIMEOUT, member));
                } else if (member.mustLetGoBy() != null && nanoTime.getAsLong() - member.mustLetGoBy() > 0) {
                    suspects.add(new Suspect(group.name(), Departure.Reason.REBALANCE_TIMEOUT, member));
                }
            }
        }
        return suspects;
    }

    private void expel(List<Suspect> suspects, long until) {
        List<String> groups = new ArrayList<>(
                new LinkedHashSet<>(suspects.stream().map(Suspect::group).toList()));
        // So that none whose lock is not to be had stands before the others every time.
        Collections.shuffle(groups);
        for (String group : groups) {
            if (nanoTime.getAsLong() - until > 0) {
                return;
            }
            unlessGoneOrBusy(() -> transactions.changeSoon(
                    group,
                    (state, rows) -> Decision.expel(
                            state,
                            departures(
                                    suspects.stream()
                                            .filter(suspect -> suspect.group().equals(group))
                                            .toList(),
                                    state,
                                    rows))));
        }
    }

    /** Those that are still to be expelled, now that the group is locked. */
    private List<Departure> departures(Collection<Suspect> suspects, GroupState state, GroupStore rows) {
        List<Departure> departures = new ArrayList<>();
        for (Suspect suspect : suspects) {
            GroupMember member = state.member(suspect.member().memberId());
            if (member != null
                    && member.memberNo() == suspect.member().memberNo()
                    && isStillDue(suspect, member, rows)) {
                departures.add(new Departure(member, suspect.reason()));
            }
        }
        return departures;
    }

    private boolean isStillDue(Suspect suspect, GroupMember member, GroupStore rows) {
        int sessionMs = member.timeouts().sessionMs();
        if (suspect.reason() == Departure.Reason.REBALANCE_TIMEOUT) {
            return rows.isRevokingTooLong(member.memberNo());
        }
        if (lastHeard.isHeardHere(member.memberNo(), sessionMs)) {
            return false;
        }
        Integer heardMsAgo = rows.lastHeardMsAgo(member.memberNo(), (int) Math.min(sessionMs, MOST_BEATS.toMillis()));
        return heardMsAgo == null || heardMsAgo >= sessionMs;
    }

    /** A group that was deleted meanwhile needs nothing; one whose lock is not had is seen to in the next round. */
    private static boolean unlessGoneOrBusy(Runnable work) {
        try {
            work.run();
            return true;
        } catch (ApiException e) {
            if (e.error() == ErrorCode.GROUP_ID_NOT_FOUND) {
                return true;
            }
            if (e.error() == ErrorCode.BROKER_NOT_AVAILABLE) {
                return false;
            }
            throw e;
        }
    }

    private void noticeTopics(@Nullable Fingerprint now) {
        if (nanoTime.getAsLong() - topicsChangedAt < CHANGES_UNDER_WAY.toNanos()) {
            // They may have been under way since before the topics changed, and know the old ones.
            toRefresh.addAll(roster.changed());
        }
        if (now == null || now.equals(fingerprint)) {
            return;
        }
        topicsChangedAt = nanoTime.getAsLong();
        toRefresh.addAll(roster.changed());
        TopicCatalogue read = database.transaction(jooq -> new GroupStore(jooq).catalogue());
        Set<String> changed = read.changedSince(catalogue);
        for (Roster.Group group : roster.groups()) {
            if (group.members().stream().anyMatch(member -> isConcerned(member.subscription(), changed))) {
                toRefresh.add(group.name());
            }
        }
        catalogue = read;
        fingerprint = now;
    }

    private static boolean isConcerned(Subscription subscription, Set<String> topics) {
        return !subscription.among(topics, ALL).isEmpty();
    }

    private void refresh(long until) {
        for (Iterator<String> group = toRefresh.iterator(); group.hasNext(); ) {
            String name = group.next();
            boolean isDone = transactions.fits(name)
                    || unlessGoneOrBusy(() -> transactions.changeSoon(name, (state, rows) -> Decision.refresh(state)));
            if (isDone) {
                group.remove();
            }
            if (nanoTime.getAsLong() - until > 0) {
                return;
            }
        }
    }
}
