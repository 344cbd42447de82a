/**
 * Tidemark measured beside its raw limit, the plain way and Kafka, in one run on one machine.
 *
 * <p>{@link dev.tidemark.benchmarks.Benchmarks} is the main; {@code contestant} says who runs, {@code system} starts them, {@code load} and {@code latency}
 * are what the client processes do, {@code measure} and {@code report} make figures of it.
 */
package dev.tidemark.benchmarks;
