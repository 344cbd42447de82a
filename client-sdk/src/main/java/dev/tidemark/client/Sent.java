package dev.tidemark.client;

/** A batch in a request, and whose it is. */
record Sent(PartitionPipeline pipeline, Batch batch) {}
