package dev.tidemark.server.http;

import java.time.Duration;

/**
 * How HTTP is served.
 *
 * @param host the address to listen on
 * @param port 0: any free port
 * @param maxRequestBytes bound on one request's body, and on the records read from a JSON body; from 1 KiB to 1 GiB
 * @param bodyBudgetBytes bound on the bodies of all requests under way and what is made of them; past it requests are refused with THROTTLING_QUOTA_EXCEEDED; at least {@code maxRequestBytes}
 * @param answerBudgetBytes bound on the records held for fetch answers that are not taken yet; fetches bring less when it fills, and past it are refused with THROTTLING_QUOTA_EXCEEDED
 * @param maxFetchPositions bound on the partitions named by all fetches that wait or are read for; a principal has half of it, and past it fetches are refused with THROTTLING_QUOTA_EXCEEDED; at least 2
 * @param maxConnections past it new connections wait to be accepted
 * @param maxThreads how many requests may be worked on at once; a waiting fetch or append takes no thread, nor does a body that comes or an answer that goes slowly
 * @param idleTimeout after which a connection that is silent while the server expects to read or write is closed
 * @param pace what bodies and answers must keep
 * @param readyTimeout how long {@code /health/ready} waits for the database
 * @param stopTimeout how long a stop waits for requests under way
 */
public record HttpConfig(
        String host,
        int port,
        int maxRequestBytes,
        long bodyBudgetBytes,
        long answerBudgetBytes,
        int maxFetchPositions,
        int maxConnections,
        int maxThreads,
        Duration idleTimeout,
        Pace pace,
        Duration readyTimeout,
        Duration stopTimeout) {
    private static final int MIN_THREADS = 8;
    private static final int KIB = 1024;
    private static final int MIB = KIB * KIB;

    /** What a connection with a waiting request holds, about: measured at 2,000 of them. */
    private static final int CONNECTION_BYTES = 64 * KIB;

    /** A sixteenth of the heap for fetches' positions, at 128 bytes each: what one that waits was measured to hold. */
    private static final int HEAP_BYTES_PER_POSITION = 16 * 128;

    public HttpConfig {
        require(!host.isBlank(), "the HTTP host is empty");
        require(port >= 0 && port <= 65_535, "the HTTP port must be from 0 to 65535, not " + port);
        require(
                maxRequestBytes >= KIB && maxRequestBytes <= 1024 * MIB,
                "the largest request must be from 1 KiB to 1 GiB, not " + maxRequestBytes + " bytes");
        require(
                bodyBudgetBytes >= maxRequestBytes,
                "the memory for request bodies must hold at least one request of " + maxRequestBytes + " bytes");
        require(answerBudgetBytes >= 1, "the memory for answers must be positive, not " + answerBudgetBytes);
        require(
                maxFetchPositions >= 2,
                "all fetches must be allowed at least 2 partitions, one of them for one principal, not "
                        + maxFetchPositions);
        require(maxConnections >= 1, "at least 1 connection must be allowed, not " + maxConnections);
        require(maxThreads >= MIN_THREADS, "at least " + MIN_THREADS + " HTTP threads are needed, not " + maxThreads);
        require(isPositive(idleTimeout), "the idle timeout must be positive, not " + idleTimeout);
        require(isPositive(readyTimeout), "the readiness timeout must be positive, not " + readyTimeout);
        require(!stopTimeout.isNegative(), "the stop timeout must not be negative, not " + stopTimeout);
    }

    /**
     * The defaults: requests up to 16 MiB, 128 MiB of bodies and of answers under way, 10,000 connections (all three less with little heap), 200 threads; partitions of fetches by the heap, and always
     * room for the largest one of one principal.
     */
    public static HttpConfig listeningOn(String host, int port) {
        long heap = Runtime.getRuntime().maxMemory();
        return new HttpConfig(
                host,
                port,
                16 * MIB,
                bodyBudget(16 * MIB),
                Math.max(MIB, Math.min(128L * MIB, heap / 8)),
                (int) Math.max(
                        2L * FetchRoutes.MAX_POSITIONS, Math.min(Integer.MAX_VALUE, heap / HEAP_BYTES_PER_POSITION)),
                (int) Math.max(100, Math.min(10_000, heap / CONNECTION_BYTES)),
                200,
                Duration.ofSeconds(60),
                Pace.DEFAULT,
                Duration.ofSeconds(2),
                Duration.ofSeconds(10));
    }

    /** Room for eight of the largest requests, but in a small heap an eighth of it, and always for one in JSON with the records made of it. */
    private static long bodyBudget(int maxRequestBytes) {
        long share = Runtime.getRuntime().maxMemory() / 8;
        return Math.min(8L * maxRequestBytes, Math.max(3L * maxRequestBytes, share));
    }

    /** The same with another bound on requests, and room for eight of them where the heap has it. */
    public HttpConfig withMaxRequestBytes(int bytes) {
        return new HttpConfig(
                host,
                port,
                bytes,
                bodyBudget(bytes),
                answerBudgetBytes,
                maxFetchPositions,
                maxConnections,
                maxThreads,
                idleTimeout,
                pace,
                readyTimeout,
                stopTimeout);
    }

    /** The same with another bound on a stop. */
    public HttpConfig withStopTimeout(Duration timeout) {
        return new HttpConfig(
                host,
                port,
                maxRequestBytes,
                bodyBudgetBytes,
                answerBudgetBytes,
                maxFetchPositions,
                maxConnections,
                maxThreads,
                idleTimeout,
                pace,
                readyTimeout,
                timeout);
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
