package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Sessions that were just used, so that the pool takes them for alive, and have ended. */
@Timeout(60)
class LostSessionsTest {
    private static final int SESSIONS = 4;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private Database pooled;

    @BeforeEach
    void start() {
        DatabaseConfig config = new DatabaseConfig(database.jdbcUrl(), null, null, SESSIONS, 0, SchemaNames.DEFAULT);
        pooled = Database.open(config, new SimpleMeterRegistry(), Duration.ofSeconds(10));
    }

    @AfterEach
    void stop() {
        pooled.close();
    }

    private static int pid(DSLContext jooq) {
        return jooq.select(DSL.field("pg_backend_pid()", Integer.class)).fetchSingle(0, Integer.class);
    }

    private static void end(int pid) throws SQLException {
        try (Connection other = database.connect()) {
            // Waits until it has ended.
            assertThat(DSL.using(other).fetchValue("select pg_terminate_backend(" + pid + ", 10000)"))
                    .isEqualTo(true);
        }
    }

    private List<Connection> all() throws SQLException {
        List<Connection> connections = new ArrayList<>();
        while (connections.size() < SESSIONS) {
            connections.add(pooled.connection());
        }
        return connections;
    }

    @Test
    void whoeverComesAfterOneWhoMetAnEndedSessionMeetsNone() throws Exception {
        List<Connection> before = all();
        List<Integer> pids =
                before.stream().map(connection -> pid(DSL.using(connection))).toList();
        for (int pid : pids) {
            end(pid);
        }
        for (Connection idle : before.subList(1, SESSIONS)) {
            idle.close();
        }
        try (Connection used = before.get(0)) {
            assertThatThrownBy(() -> used.createStatement().execute("select 1")).isInstanceOf(SQLException.class);
        }

        List<Connection> after = all();
        assertThat(after).extracting(connection -> pid(DSL.using(connection))).doesNotContainAnyElementsOf(pids);
        for (Connection connection : after) {
            connection.close();
        }
    }

    @Test
    void sessionThatDoesNotAnswerInTimeIsReplacedAlone() throws Exception {
        List<Connection> before = all();
        List<Integer> others = before.subList(1, SESSIONS).stream()
                .map(connection -> pid(DSL.using(connection)))
                .toList();
        for (Connection idle : before.subList(1, SESSIONS)) {
            idle.close();
        }
        try (Connection silent = before.get(0)) {
            silent.setNetworkTimeout(Runnable::run, 100);
            assertThatThrownBy(() -> silent.createStatement().execute("select pg_sleep(30)"))
                    .hasCauseInstanceOf(SocketTimeoutException.class);
        }

        List<Connection> after = all();
        assertThat(after).extracting(connection -> pid(DSL.using(connection))).containsAll(others);
        for (Connection connection : after) {
            connection.close();
        }
    }

    @Test
    void whatMayBeDoneTwiceIsDoneOnAnotherSession() {
        List<Integer> pids = new ArrayList<>();
        int answered = Database.repeatably(() -> pooled.transaction(jooq -> {
            pids.add(pid(jooq));
            if (pids.size() == 1) {
                endQuietly(pids.get(0));
            }
            return pid(jooq);
        }));
        assertThat(pids).hasSize(2);
        assertThat(answered).isEqualTo(pids.get(1)).isNotEqualTo(pids.get(0));
    }

    @Test
    void otherTransactionsAreNotRepeated() {
        List<Integer> pids = new ArrayList<>();
        assertThatThrownBy(() -> pooled.transaction(jooq -> {
                    pids.add(pid(jooq));
                    endQuietly(pids.get(0));
                    return pid(jooq);
                }))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
        assertThat(pids).hasSize(1);
    }

    private static void endQuietly(int pid) {
        try {
            end(pid);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
