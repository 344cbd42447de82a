/** Committed offsets, and the administration of groups. {@code docs/internals/groups.md} is the specification. */
@NullMarked
package dev.tidemark.server.group.offset;

import org.jspecify.annotations.NullMarked;
