package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.server.log.fetch.PartitionRecords;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AnswerBudgetTest {
    private final AtomicInteger refusals = new AtomicInteger();
    private final AnswerBudget budget = new AnswerBudget(8000, refusals::incrementAndGet);

    @Test
    void aFetchBringsAShareOfWhatIsFreeAndNeverNothing() {
        assertThat(budget.share(500)).isEqualTo(500);
        assertThat(budget.share(5000)).isEqualTo(1000);

        budget.take(4000);
        assertThat(budget.share(5000)).isEqualTo(500);

        budget.take(4000);
        assertThat(budget.share(5000)).isEqualTo(1);
    }

    @Test
    void anAnswerOfManyPartitionsIsHeldThoughTheyHaveNoRecords() {
        PartitionRecords nothing = new PartitionRecords("t", 0, null, "", 0, 0, 0, 1, 0, 0, List.of());

        assertThat(FetchRoutes.heldBytes(Collections.nCopies(10_000, nothing))).isGreaterThan(10_000 * 80);
    }

    @Test
    void whatHasNoRoomIsRefusedUntilSomeIsGivenBack() {
        Runnable give = budget.take(8000);

        assertThatThrownBy(() -> budget.take(1))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("8000 of 8000");
        assertThat(refusals).hasValue(1);
        assertThat(budget.takenBytes()).isEqualTo(8000);

        give.run();
        give.run();

        assertThat(budget.takenBytes()).isZero();
        budget.take(1);
    }

    @Test
    void anAnswerLargerThanTheBoundHasRoomWhenItIsAlone() {
        budget.take(20_000).run();
        budget.take(1);

        assertThatThrownBy(() -> budget.take(20_000)).isInstanceOf(ApiException.class);
    }
}
