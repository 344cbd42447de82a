package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets this server work at a group one request at a time, and at a few groups at a time: who waits for a group's lock in the database holds a connection meanwhile, and connections are for
 * appends and fetches too. Thread-safe.
 */
final class GroupTurns {
    static final Duration USUAL_WAIT = Duration.ofSeconds(3);

    /** Each is a thread of HTTP. */
    static final int MAX_WAITING = 100;

    /** So that one whose members all come at once leaves room for the others. */
    static final int MAX_WAITING_OF_ONE = MAX_WAITING / 2;

    private final Semaphore connections;
    private final Map<String, Integer> waitingOf = new HashMap<>();
    private int waiting;
    private final Map<String, Turn> turns = new HashMap<>();

    private static final class Turn {
        private final ReentrantLock lock = new ReentrantLock(true);
        private int users;
    }

    /** @param atATime groups worked at */
    GroupTurns(int atATime) {
        this.connections = new Semaphore(atATime, true);
    }

    /**
     * Does the work in its turn.
     *
     * @param principal who asks; null: this server itself
     * @throws ApiException BROKER_NOT_AVAILABLE when its turn does not come in that time, or too many wait, of all or of that principal
     */
    <T extends @Nullable Object> T inTurn(String group, @Nullable String principal, Duration wait, Supplier<T> work) {
        Turn turn = enter(group, principal);
        boolean waits = true;
        boolean locked = false;
        boolean connected = false;
        try {
            long deadline = System.nanoTime() + wait.toNanos();
            locked = turn.lock.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS);
            connected = locked && connections.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            waitsNoMore(principal);
            waits = false;
            if (!connected) {
                throw busy(group);
            }
            return work.get();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw busy(group);
        } finally {
            if (waits) {
                waitsNoMore(principal);
            }
            if (connected) {
                connections.release();
            }
            if (locked) {
                turn.lock.unlock();
            }
            exit(group, turn);
        }
    }

    private synchronized Turn enter(String group, @Nullable String principal) {
        if (waiting >= MAX_WAITING) {
            throw busy(group);
        }
        if (principal != null) {
            int ofOne = waitingOf.getOrDefault(principal, 0);
            if (ofOne >= MAX_WAITING_OF_ONE) {
                throw new ApiException(
                        ErrorCode.BROKER_NOT_AVAILABLE,
                        ofOne + " requests about groups of principal \"" + principal + "\" wait already; try again");
            }
            waitingOf.put(principal, ofOne + 1);
        }
        waiting++;
        Turn turn = turns.computeIfAbsent(group, any -> new Turn());
        turn.users++;
        return turn;
    }

    private synchronized void waitsNoMore(@Nullable String principal) {
        waiting--;
        if (principal != null) {
            waitingOf.computeIfPresent(principal, (any, ofOne) -> ofOne == 1 ? null : ofOne - 1);
        }
    }

    private synchronized void exit(String group, Turn turn) {
        turn.users--;
        if (turn.users == 0) {
            turns.remove(group);
        }
    }

    static ApiException busy(String group) {
        return new ApiException(
                ErrorCode.BROKER_NOT_AVAILABLE,
                "the group \"" + GroupNames.shown(group) + "\" is being changed by others; try again");
    }
}
