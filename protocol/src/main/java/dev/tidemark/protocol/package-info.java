/**
 * The vocabulary the server and the SDK share: error codes, the binary form of records and of the produce and fetch bodies. The JDK only.
 *
 * <p>{@link dev.tidemark.protocol.RecordLayout} is the place to start: everything on the hot path is that layout.
 */
package dev.tidemark.protocol;
