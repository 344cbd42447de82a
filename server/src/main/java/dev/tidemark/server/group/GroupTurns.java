package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final int MAX_WAITING = 100;

    private final Semaphore connections;
    private final AtomicInteger waiting = new AtomicInteger();
    private final Map<String, Turn> turns = new HashMap<>();

    private static final class Turn {
        private final ReentrantLock lock = new ReentrantLock(true);
        private int users;
    }

    /** @param atATime groups worked at */
    GroupTurns(int atATime) {
        this.connections = new Semaphore(atATime, true);
    }

    /** @throws ApiException BROKER_NOT_AVAILABLE when its turn does not come in that time, or too many wait */
    <T extends @Nullable Object> T inTurn(String group, Duration wait, Supplier<T> work) {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet();
            throw busy(group);
        }
        Turn turn = enter(group);
        boolean counted = true;
        boolean locked = false;
        boolean connected = false;
        try {
            long deadline = System.nanoTime() + wait.toNanos();
            locked = turn.lock.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS);
            connected = locked && connections.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            waiting.decrementAndGet();
            counted = false;
            if (!connected) {
                throw busy(group);
            }
            return work.get();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw busy(group);
        } finally {
            if (counted) {
                waiting.decrementAndGet();
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

    private synchronized Turn enter(String group) {
        Turn turn = turns.computeIfAbsent(group, any -> new Turn());
        turn.users++;
        return turn;
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
