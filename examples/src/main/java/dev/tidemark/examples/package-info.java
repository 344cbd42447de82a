/** Classes to begin with, each one file: a test runs them as they stand here. {@link dev.tidemark.examples.GroupWorker} is a program, the others are given their consumer, producer or connection. */
package dev.tidemark.examples;
