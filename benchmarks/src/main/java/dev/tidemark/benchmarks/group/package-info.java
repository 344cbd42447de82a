/** Consumer groups: sharing, rebalances, heartbeats. */
@NullMarked
package dev.tidemark.benchmarks.group;

import org.jspecify.annotations.NullMarked;
