package dev.tidemark.server.log.append;

/** When an append is acknowledged. */
public enum Acks {
    /** At once, without offsets; only where the topic allows it ({@code unsafe.acks=true}). */
    NONE,
    /** After COMMIT is durable on this PostgreSQL. */
    LEADER,
    /** After COMMIT at {@code synchronous_commit=on}, or the session's stronger level: the default. */
    ALL
}
