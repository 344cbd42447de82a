package dev.tidemark.protocol;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One header of a record: a name and bytes. Names may repeat within a record; order is kept.
 *
 * @param value the bytes, or null; not copied, so do not change them afterwards
 */
public record Header(String name, byte @Nullable [] value) {
    // Not a compact constructor: javac leaves the parameters of those without their type annotations, so other modules
    // would not see that value may be null.
    public Header(String name, byte @Nullable [] value) {
        this.name = Objects.requireNonNull(name, "name");
        this.value = value;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Header that && name.equals(that.name) && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return "Header[name=" + name + ", value=" + (value == null ? "null" : value.length + " bytes") + "]";
    }
}
