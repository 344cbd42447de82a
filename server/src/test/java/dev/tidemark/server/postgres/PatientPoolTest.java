package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class PatientPoolTest {
    /** The least HikariCP allows, ms. */
    private static final int ACQUIRE_TIMEOUT_MS = 250;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final AtomicLong nanos = new AtomicLong();
    private ObservedPool observed;
    private PatientPool pool;

    /** One connection; counts who comes, and holds up those who have waited in vain until they may say so. */
    private static final class ObservedPool extends HikariDataSource {
        private final AtomicInteger asked = new AtomicInteger();
        private final CountDownLatch inVain = new CountDownLatch(1);
        private volatile CountDownLatch mayGiveUp = new CountDownLatch(0);

        ObservedPool(HikariConfig config) {
            super(config);
        }

        @Override
        public Connection getConnection() throws SQLException {
            asked.incrementAndGet();
            try {
                return super.getConnection();
            } catch (SQLException e) {
                inVain.countDown();
                try {
                    mayGiveUp.await();
                } catch (InterruptedException stopped) {
                    e.addSuppressed(stopped);
                }
                throw e;
            }
        }
    }

    @BeforeEach
    void start() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(database.jdbcUrl());
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(ACQUIRE_TIMEOUT_MS);
        observed = new ObservedPool(config);
        pool = new PatientPool(observed, nanos::get);
    }

    @AfterEach
    void stop() {
        pool.close();
    }

    private void assertNoneIsHad() {
        assertThatThrownBy(pool::connection).isInstanceOf(SQLTransientConnectionException.class);
    }

    @Test
    void onceSomebodyWaitedInVainTheOthersAreToldAtOnce() throws Exception {
        try (Connection theOnlyOne = pool.connection()) {
            assertNoneIsHad();
            int asked = observed.asked.get();
            assertNoneIsHad();
            assertThat(observed.asked).as("now and then somebody tries").hasValue(asked);
            nanos.addAndGet(1_000_000_000);
            assertNoneIsHad();
            assertThat(observed.asked).hasValue(asked + 1);
        }
        assertThat(pool.connection()).isNotNull();
    }

    @Test
    void whoGivesUpAfterItHasComeBackTurnsNobodyAway() throws Exception {
        observed.mayGiveUp = new CountDownLatch(1);
        Connection theOnlyOne = pool.connection();
        CompletableFuture<Connection> late = CompletableFuture.supplyAsync(() -> {
            try {
                return pool.connection();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        observed.inVain.await();
        theOnlyOne.close();
        try (Connection back = pool.connection()) {
            observed.mayGiveUp.countDown();
            assertThatThrownBy(late::get).isInstanceOf(ExecutionException.class);
            int asked = observed.asked.get();
            assertNoneIsHad();
            assertThat(observed.asked).as("the next one waits its time").hasValue(asked + 1);
        }
    }
}
