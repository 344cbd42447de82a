package dev.tidemark.client;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Where the application's thread waits, for records or for an answer, and what ends its wait from outside. Thread-safe. */
final class PollWait {
    /** Guards what is waited for, where that has no lock of its own; whoever holds another lock of the consumer's must not take this one. */
    final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private boolean wokenUp;
    private boolean isDeaf;

    /** What is waited for may be there. */
    void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void wakeup() {
        lock.lock();
        try {
            wokenUp = !isDeaf;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From now on nothing is woken up: the consumer is being closed. */
    void goDeaf() {
        lock.lock();
        try {
            isDeaf = true;
            wokenUp = false;
        } finally {
            lock.unlock();
        }
    }

    /** @throws WakeupException when woken up, once */
    void throwIfWokenUp() {
        lock.lock();
        try {
            if (wokenUp) {
                wokenUp = false;
                throw new WakeupException();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits.
     *
     * @param isThere asked under the lock, at least once
     * @return whether it was there in time
     * @throws WakeupException when woken up
     */
    boolean await(BooleanSupplier isThere, Deadline deadline) throws InterruptedException {
        return await(isThere, deadline, true);
    }

    /** The same for what must not be left half done: a wakeup stays for the wait that comes next. */
    boolean awaitThroughWakeups(BooleanSupplier isThere, Deadline deadline) throws InterruptedException {
        return await(isThere, deadline, false);
    }

    private boolean await(BooleanSupplier isThere, Deadline deadline, boolean wakeable) throws InterruptedException {
        lock.lock();
        try {
            boolean inTime = true;
            while (true) {
                if (wakeable) {
                    throwIfWokenUp();
                }
                if (isThere.getAsBoolean()) {
                    return true;
                }
                if (!inTime) {
                    return false;
                }
                inTime = deadline.leftNanos() > 0 && changed.awaitNanos(deadline.leftNanos()) > 0;
            }
        } finally {
            lock.unlock();
        }
    }
}
