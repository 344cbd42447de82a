package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests about groups that wait for each other. */
@Timeout(60)
class GroupTurnsTest {
    private static final int TOO_MANY = 9;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final GroupTransactions transactions = new GroupTransactions(
            database.database(),
            new GroupMemory(System::nanoTime, () -> 0),
            new GroupTurns(4),
            GroupLimits.DEFAULT,
            new GroupMetrics(new SimpleMeterRegistry()),
            System::nanoTime);

    private GroupState change(String group, String principal) {
        return transactions.changeOrMake(group, principal, (state, rows) -> Decision.settle(state));
    }

    @Test
    void onePrincipalsRequestsTakeHalfOfThePlacesToWaitAtTheMost() throws Exception {
        GroupState held = change("held", "greedy");
        change("another", "greedy");
        ExecutorService threads = Executors.newFixedThreadPool(100);
        List<CompletableFuture<GroupState>> changes = new ArrayList<>();
        try (Connection holder = database.connect()) {
            hold(holder, held.groupId());
            // One works at it, and waits for the database; the others wait behind it.
            for (int n = 0; n < 1 + GroupTurns.MAX_WAITING_OF_ONE + TOO_MANY; n++) {
                changes.add(CompletableFuture.supplyAsync(() -> change("held", "greedy"), threads));
            }
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> refused(changes).size() >= TOO_MANY);
            assertThat(refused(changes))
                    .hasSize(TOO_MANY)
                    .allSatisfy(refused -> assertThatThrownBy(refused::join)
                            .hasCauseInstanceOf(ApiException.class)
                            .hasMessageContaining("50 requests about groups of principal \"greedy\" wait already"));

            assertThat(change("another", "modest").name()).isEqualTo("another");
            assertThat(transactions
                            .changeSoon("another", (state, rows) -> Decision.settle(state))
                            .name())
                    .isEqualTo("another");
            assertThatThrownBy(() -> change("another", "greedy")).isInstanceOf(ApiException.class);
            holder.rollback();
        } finally {
            threads.shutdown();
        }
        assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(change("another", "greedy").name())
                .as("nobody is counted who waits no more")
                .isEqualTo("another");
    }

    private static List<CompletableFuture<GroupState>> refused(List<CompletableFuture<GroupState>> changes) {
        return changes.stream()
                .filter(CompletableFuture::isCompletedExceptionally)
                .toList();
    }

    private static void hold(Connection connection, int groupId) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_xact_lock('tidemark_internal.consumer_group'::regclass::oid::int, "
                    + groupId + ")");
        }
    }
}
