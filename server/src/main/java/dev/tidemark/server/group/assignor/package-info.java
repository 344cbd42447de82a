/** Who of a group's members is to own which partitions. Pure computation; depends on nothing. */
@NullMarked
package dev.tidemark.server.group.assignor;

import org.jspecify.annotations.NullMarked;
