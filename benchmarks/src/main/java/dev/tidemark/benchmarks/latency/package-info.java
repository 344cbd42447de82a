/** End-to-end latency at a fixed rate: one loop, and a sender and receiver for each system. */
package dev.tidemark.benchmarks.latency;
