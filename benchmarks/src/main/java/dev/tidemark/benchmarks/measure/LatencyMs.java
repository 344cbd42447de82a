package dev.tidemark.benchmarks.measure;

/** Percentiles of the time from a record's planned send to its arrival at the consumer, in milliseconds. */
public record LatencyMs(double p50, double p99, double max) {}
