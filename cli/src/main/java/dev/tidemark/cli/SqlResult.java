package dev.tidemark.cli;

import java.sql.ResultSet;
import java.sql.SQLException;

/** Writes a query's rows as they come, so that memory does not grow with the result. */
interface SqlResult {
    /** Reads the result to its end. */
    void write(ResultSet rows, Output out) throws SQLException;
}
