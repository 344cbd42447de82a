/** Programs to begin with, each one file: tests run them as they stand here. */
package dev.tidemark.examples;
