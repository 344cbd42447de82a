package dev.tidemark.integration.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.integration.door.Refused;
import dev.tidemark.protocol.ErrorCode;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

final class Refusals {
    private Refusals() {}

    /** @param named what the refusal must name: bad input gets an error that says what is wrong */
    static Refused assertRefused(ErrorCode error, String named, ThrowingCallable call) {
        Refused refused = catchThrowableOfType(Refused.class, call);
        assertThat(refused).as("the refusal").isNotNull();
        assertThat(refused.error()).as("%s", refused).isEqualTo(error);
        assertThat(refused).hasMessageContaining(named);
        return refused;
    }
}
