/** The systems under test and the client processes: started, watched and stopped. */
package dev.tidemark.benchmarks.system;
