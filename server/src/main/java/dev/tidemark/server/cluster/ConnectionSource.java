package dev.tidemark.server.cluster;

import java.sql.Connection;
import java.sql.SQLException;

/** Opens connections of the caller's own, outside every pool, whose answers are waited for within a bound. */
@FunctionalInterface
public interface ConnectionSource {
    Connection open() throws SQLException;
}
