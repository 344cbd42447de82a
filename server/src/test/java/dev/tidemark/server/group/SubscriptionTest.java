package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.server.access.TopicScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SubscriptionTest {
    private static final TopicScope ALL = new TopicScope(List.of("*"));
    private static final List<String> EXISTING = List.of("orders-eu", "orders-us", "orders", "payments");

    @Test
    void namesMeanThoseThatExist() {
        Subscription subscription = Subscription.requested(List.of("orders", "none-yet", "orders"), null);
        assertThat(subscription.topics()).containsExactly("none-yet", "orders");
        assertThat(subscription.among(EXISTING, ALL)).containsExactly("orders");
    }

    @Test
    void aPatternMeansWholeNames() {
        assertThat(Subscription.requested(null, "orders-.*").among(EXISTING, ALL))
                .containsExactlyInAnyOrder("orders-eu", "orders-us");
        assertThat(Subscription.requested(null, "orders|pay").among(EXISTING, ALL))
                .containsExactly("orders");
    }

    @Test
    void whatMayNotBeReadIsNotMeant() {
        TopicScope american = new TopicScope(List.of("payments", "orders-us*"));
        assertThat(Subscription.requested(null, ".*").among(EXISTING, american))
                .containsExactlyInAnyOrder("payments", "orders-us");
        assertThat(Subscription.requested(List.of("orders", "payments"), null).among(EXISTING, american))
                .containsExactly("payments");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "abc 3",
                "a{3} 4",
                "(ab){10} 33",
                "((a{1000}){1000}){1000} 1004006003",
                "[)]{5} 6",
                "([^])]a){10} 33",
                "\\(a{9} 11",
                "\\Q(\\E{3} 4",
                "a{3,} 4",
                "a{2,7} 8",
                "a{b} 4",
                "a{1000}{1000} 1002001",
            })
    void repetitionsCountAsOftenAsTheyMayBe(String pattern, long size) {
        assertThat(PatternSize.of(pattern)).isEqualTo(size);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "((a{1000}){1000}){1000}",
                "((a{1000}[)]){1000}[)]){1000}",
                "(\\Q)\\E(a{1000}){1000}){1000}",
                "([[:alpha:])](a{1000}){1000}){1000}",
                "(?:(?:a{1000,}){1000,}){1000,}",
            })
    void onePatternDoesNotFillTheHeap(String pattern) {
        assertThatThrownBy(() -> Subscription.requested(null, pattern))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("written out");
    }

    @Test
    void aPatternThatOthersBacktrackOnIsMatchedInLinearTime() {
        Subscription subscription = Subscription.requested(null, "(a*)*b");
        assertThat(subscription.among(List.of("a".repeat(249)), ALL)).isEmpty();
    }

    @Test
    void deepNestingIsRefusedOrMatched() {
        String deep = "(".repeat(499) + "a" + ")".repeat(499);
        assertThat(Subscription.requested(null, deep).among(List.of("a"), ALL)).containsExactly("a");
    }
}
