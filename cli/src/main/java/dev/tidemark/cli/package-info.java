/**
 * The command line, {@code bin/tidemark}: one class a command.
 *
 * <p>{@link dev.tidemark.cli.TidemarkCli} is the place to start. Records pass through {@code produce} and {@code consume} as bytes, never as strings, so that
 * what goes in comes out unchanged whatever its encoding.
 */
package dev.tidemark.cli;
