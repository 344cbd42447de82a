/** Figures: what a round measured, and what many rounds say together. */
package dev.tidemark.benchmarks.measure;
