/** The figures as people and programs read them. */
package dev.tidemark.benchmarks.report;
