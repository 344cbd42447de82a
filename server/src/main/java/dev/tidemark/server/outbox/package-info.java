/** Records that callers produce in database transactions of their own: from where they are staged into the log. */
package dev.tidemark.server.outbox;
