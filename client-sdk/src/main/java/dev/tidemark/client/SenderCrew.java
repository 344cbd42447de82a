package dev.tidemark.client;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The producer's threads, one for each request that may be in flight. A thread that has its answer takes the next task itself, so a request costs one wake-up: no thread hands work to another.
 * Threads are started when first needed.
 */
final class SenderCrew {
    /** What there is to do. Called under the crew's lock. */
    interface Tasks {
        /**
         * The next task, or null when there is none now.
         *
         * @param busy threads that have a task
         */
        @Nullable
        Runnable next(int busy);

        /** After {@code next} gave null: how long until it may give something else without {@link SenderCrew#wakeOne}. */
        long quietNanos();

        /** After {@code next} gave a task: whether there is another for another thread. */
        boolean hasMore();
    }

    private static final System.Logger LOGGER = System.getLogger(TidemarkProducer.class.getName());

    private final String name;
    private final int size;
    private final Tasks tasks;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition timer = lock.newCondition();
    private final List<Member> members = new ArrayList<>();
    private int busy;
    private int waiting;
    private int woken;

    /** One idle thread, if there is any, waits no longer than until something is due. */
    private @Nullable Thread timekeeper;

    private long timekeeperNanos;
    private boolean stopped;

    SenderCrew(String name, int size, Tasks tasks) {
        this.name = name;
        this.size = size;
        this.tasks = tasks;
    }

    /** Guards the tasks' state too. */
    ReentrantLock lock() {
        return lock;
    }

    /** Whether the calling thread is one of the crew: it must not wait for what the crew does. */
    boolean isMember() {
        return Thread.currentThread() instanceof Member member && member.crew() == this;
    }

    int busy() {
        return busy;
    }

    /** There is a task: somebody take it. Under the lock. */
    void wakeOne() {
        if (waiting > woken) {
            woken++;
            work.signal();
        } else if (timekeeper != null) {
            timer.signal();
        } else if (members.size() < size && !stopped) {
            Member member = new Member(name + "-" + (members.size() + 1));
            members.add(member);
            member.start();
        }
    }

    /** Something is due in that time, perhaps earlier than anybody expects. Under the lock. */
    void lookIn(long nanos) {
        if (timekeeper == null) {
            // When every thread has a task, the first to be done will look.
            wakeOne();
        } else if (System.nanoTime() + nanos - timekeeperNanos < 0) {
            timer.signal();
        }
    }

    /** No thread takes another task; what they wait for is interrupted. */
    void stop() {
        lock.lock();
        try {
            stopped = true;
            work.signalAll();
            timer.signalAll();
            members.forEach(Thread::interrupt);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the threads to end, at most that long altogether; not for the calling one, and not when it is interrupted. */
    void join(Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        List<Member> all;
        lock.lock();
        try {
            all = List.copyOf(members);
        } finally {
            lock.unlock();
        }
        try {
            for (Member member : all) {
                if (member != Thread.currentThread()) {
                    member.join(Math.max(TimeUnit.NANOSECONDS.toMillis(deadline.leftNanos()), 1));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Runnable awaitTask() throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                Runnable task = tasks.next(busy);
                if (task != null) {
                    busy++;
                    // Somebody must go on looking at the clock, if anybody is free to.
                    if (tasks.hasMore() || timekeeper == null && waiting > woken) {
                        wakeOne();
                    }
                    return task;
                }
                idle(tasks.quietNanos());
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void idle(long quietNanos) throws InterruptedException {
        if (timekeeper != null) {
            if (quietNanos != Long.MAX_VALUE) {
                lookIn(quietNanos);
            }
            waiting++;
            try {
                work.await();
            } finally {
                waiting--;
                woken = Math.max(0, woken - 1);
            }
            return;
        }
        timekeeper = Thread.currentThread();
        long nanos = Math.min(quietNanos, TimeUnit.HOURS.toNanos(1));
        timekeeperNanos = System.nanoTime() + nanos;
        try {
            timer.awaitNanos(nanos);
        } finally {
            timekeeper = null;
        }
    }

    private void finished() {
        lock.lock();
        try {
            busy--;
        } finally {
            lock.unlock();
        }
    }

    private final class Member extends Thread {
        Member(String threadName) {
            super(threadName);
            setDaemon(true);
        }

        SenderCrew crew() {
            return SenderCrew.this;
        }

        @Override
        public void run() {
            while (true) {
                try {
                    Runnable task = awaitTask();
                    if (task == null) {
                        return;
                    }
                    run(task);
                } catch (InterruptedException e) {
                    // The crew is stopped, and awaitTask says so; or a caller's code left its mark on this thread.
                }
            }
        }

        private void run(Runnable task) {
            try {
                task.run();
            } catch (RuntimeException | Error bug) {
                LOGGER.log(Level.ERROR, "a task of the producer failed", bug);
            } finally {
                finished();
            }
        }
    }
}
