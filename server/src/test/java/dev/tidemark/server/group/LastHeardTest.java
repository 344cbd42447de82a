package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.group.LastHeard.News;
import dev.tidemark.server.group.LastHeard.Watched;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Who is taken to be dead, by a clock that the test sets. */
class LastHeardTest {
    private static final UUID OTHER = new UUID(1, 1);
    private static final int ONE = 1;
    private static final int TWO = 2;

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);
    private final LastHeard lastHeard = new LastHeard(nanos::get);
    private final List<Watched> watched = new ArrayList<>(List.of(new Watched(ONE, 10_000)));

    private void pass(double seconds) {
        nanos.addAndGet((long) (seconds * 1e9));
    }

    /** A second in which this server beats and looks as it should. */
    private Set<Integer> second() {
        return second(0);
    }

    private Set<Integer> second(int rank) {
        pass(1);
        lastHeard.told(lastHeard.news());
        lastHeard.read();
        return lastHeard.silent(watched, rank);
    }

    /** @return how many seconds until somebody is expelled; that many at most */
    private int secondsUntilExpelled(int most, int rank) {
        for (int seconds = 1; seconds <= most; seconds++) {
            if (!second(rank).isEmpty()) {
                return seconds;
            }
        }
        return most + 1;
    }

    private void otherBeats(Integer... memberNos) {
        Integer[] msAgo = new Integer[memberNos.length];
        java.util.Arrays.fill(msAgo, 100);
        lastHeard.beat(OTHER, 0, memberNos, msAgo);
    }

    @Test
    void whoIsSilentForItsSessionTimeoutIsExpelledAtTheSecondLook() {
        lastHeard.heard(ONE);
        assertThat(secondsUntilExpelled(20, 0)).isEqualTo(11);
    }

    @Test
    void whoIsHeardIsNotExpelled() {
        for (int i = 0; i < 60; i++) {
            if (i % 8 == 0) {
                lastHeard.heard(ONE);
            }
            assertThat(second()).isEmpty();
        }
    }

    @Test
    void whoIsHeardBetweenTwoLooksIsNotExpelled() {
        lastHeard.heard(ONE);
        for (int i = 0; i < 10; i++) {
            assertThat(second()).isEmpty();
        }
        lastHeard.heard(ONE);
        assertThat(second()).isEmpty();
    }

    @Test
    void whoWasNeverHeardHasItsTimeoutFromWhenItWasFirstExpected() {
        second();
        watched.add(new Watched(TWO, 5_000));
        for (int i = 0; i < 6; i++) {
            assertThat(second()).isEmpty();
        }
        assertThat(second()).containsExactly(TWO);
    }

    @Test
    void whomAnotherServerHearsIsNotExpelled() {
        for (int i = 0; i < 60; i++) {
            otherBeats(i % 3 == 0 ? new Integer[] {ONE} : new Integer[0]);
            assertThat(second()).isEmpty();
        }
    }

    @Test
    void otherServersWaitForTheFirstInRank() {
        lastHeard.heard(ONE);
        assertThat(secondsUntilExpelled(20, 2)).isEqualTo(13);
    }

    @Test
    void aServerThatStoodStillGivesEverybodyAFreshTimeout() {
        lastHeard.heard(ONE);
        for (int i = 0; i < 8; i++) {
            second();
        }
        pass(60);
        assertThat(lastHeard.silent(watched, 0)).as("before its first beat").isEmpty();
        assertThat(secondsUntilExpelled(20, 0)).isGreaterThanOrEqualTo(10);
    }

    @Test
    void aServerWithoutADatabaseJudgesNobodyAndGivesAFreshTimeoutAfterwards() {
        lastHeard.heard(ONE);
        for (int i = 0; i < 60; i++) {
            pass(1);
            assertThat(lastHeard.silent(watched, 0)).isEmpty();
        }
        assertThat(secondsUntilExpelled(20, 0)).isGreaterThanOrEqualTo(10);
    }

    @Test
    void beatsWithoutLooksAreABreakToo() {
        lastHeard.heard(ONE);
        for (int i = 0; i < 60; i++) {
            pass(1);
            lastHeard.told(lastHeard.news());
            assertThat(lastHeard.silent(watched, 0)).isEmpty();
        }
        assertThat(secondsUntilExpelled(20, 0)).isGreaterThanOrEqualTo(10);
    }

    @Test
    void membersOfAServerThatVanishesHaveAFreshTimeoutFromWhenItIsMissed() {
        watched.set(0, new Watched(ONE, 3_000));
        for (int i = 0; i < 10; i++) {
            otherBeats(ONE);
            assertThat(second()).isEmpty();
        }
        // Missed five seconds after its last beat; three more, and the second look.
        assertThat(secondsUntilExpelled(30, 0)).isBetween(9, 11);
    }

    @Test
    void membersOfAServerThatStoodStillHaveAFreshTimeoutFromItsNextBeat() {
        watched.set(0, new Watched(ONE, 3_000));
        for (int i = 0; i < 5; i++) {
            otherBeats(ONE);
            second();
        }
        for (int i = 0; i < 4; i++) {
            assertThat(second()).isEmpty();
        }
        for (int i = 0; i < 3; i++) {
            otherBeats();
            assertThat(second()).isEmpty();
        }
        otherBeats(ONE);
        assertThat(second()).isEmpty();
    }

    @Test
    void newsAreWhatWasHeardSinceTheLastBeatThatSucceeded() {
        lastHeard.heard(ONE);
        pass(0.2);
        News news = lastHeard.news();
        assertThat(news.memberNos()).containsExactly(ONE);
        assertThat(news.msAgo()).containsExactly(200);
        pass(1);
        lastHeard.heard(TWO);
        assertThat(lastHeard.news().memberNos()).as("the first beat failed").containsExactlyInAnyOrder(ONE, TWO);
        pass(0.1);
        lastHeard.told(lastHeard.news());
        pass(1);
        assertThat(lastHeard.news().memberNos()).isEmpty();
    }

    @Test
    void whatIsOnlyExpectedOrHeardByOthersIsNoNews() {
        otherBeats(ONE);
        watched.add(new Watched(TWO, 5_000));
        second();
        assertThat(lastHeard.news().memberNos()).isEmpty();
    }

    @Test
    void othersAreThoseThatBeatLately() {
        otherBeats();
        assertThat(lastHeard.others()).containsExactly(OTHER);
        pass(Duration.ofSeconds(6).toSeconds());
        assertThat(lastHeard.others()).isEmpty();
    }
}
