/** Consumer groups: who their members are, and who of them owns which partitions. {@code docs/internals/groups.md} is the specification. */
@NullMarked
package dev.tidemark.server.group;

import org.jspecify.annotations.NullMarked;
