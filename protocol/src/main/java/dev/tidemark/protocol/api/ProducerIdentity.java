package dev.tidemark.protocol.api;

/** Answer of {@code POST /v1/producers}. */
public record ProducerIdentity(long producerId, short producerEpoch) {}
