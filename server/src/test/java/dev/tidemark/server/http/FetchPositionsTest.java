package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import org.junit.jupiter.api.Test;

class FetchPositionsTest {
    private final FetchPositions positions = new FetchPositions(10);

    @Test
    void onePrincipalLeavesHalfToTheOthers() {
        positions.take("a", 4);

        assertThatThrownBy(() -> positions.take("a", 2))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("principal \"a\" name 4 partitions, of 5");
        positions.take("b", 5);

        assertThat(positions.taken()).isEqualTo(9);
    }

    @Test
    void allTogetherHaveNoMoreThanTheBound() {
        positions.take("a", 4);
        positions.take("b", 4);

        assertThatThrownBy(() -> positions.take("c", 3))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("name 8 partitions, of 10");
        positions.take("c", 2);

        assertThat(positions.taken()).isEqualTo(10);
    }

    @Test
    void whatIsGivenBackCanBeTakenAgain() {
        positions.take("a", 5);
        positions.give("a", 5);
        positions.take("a", 5);

        assertThat(positions.taken()).isEqualTo(5);
    }
}
