/**
 * The Java SDK: {@link dev.tidemark.client.TidemarkProducer} sends records, {@link dev.tidemark.client.TidemarkConsumer} reads them and
 * {@link dev.tidemark.client.TidemarkAdmin} manages topics and consumer groups, in the shapes users of Apache Kafka's clients know.
 *
 * <p>Each has a builder; none connects before it is used. All talk HTTP/1.1 to any of the servers they are given.
 */
package dev.tidemark.client;
