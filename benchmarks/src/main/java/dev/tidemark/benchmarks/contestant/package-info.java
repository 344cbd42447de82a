/** Who runs against whom: {@link dev.tidemark.benchmarks.contestant.Suite} lists them all, a class each says how. */
package dev.tidemark.benchmarks.contestant;
