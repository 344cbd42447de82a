/** The mains of the client processes. Each can be run by hand; each prints a {@link dev.tidemark.benchmarks.load.ToolResult}. */
package dev.tidemark.benchmarks.load;
