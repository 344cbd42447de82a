package dev.tidemark.server.postgres.check;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether Tidemark can live in this database at all, and whether what it acknowledges there is safe.
 *
 * @param versionNumber as {@code server_version_num}
 * @param version as people write it
 * @param encoding of the database
 * @param standby whether it is in recovery
 * @param fsync whether commits reach the disk
 * @param fullPageWrites whether pages torn by a crash of the machine can be mended
 */
public record Instance(
        int versionNumber, String version, String encoding, boolean standby, boolean fsync, boolean fullPageWrites) {
    /** The first with DETACH CONCURRENTLY and scans by TID range. */
    private static final int OLDEST_VERSION = 140000;

    public static Instance read(Connection connection) throws SQLException {
        String query = "select current_setting('server_version_num')::int, current_setting('server_version'),"
                + " current_setting('server_encoding'), pg_is_in_recovery(), current_setting('fsync') = 'on',"
                + " current_setting('full_page_writes') = 'on'";
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return new Instance(
                    row.getInt(1),
                    row.getString(2),
                    row.getString(3),
                    row.getBoolean(4),
                    row.getBoolean(5),
                    row.getBoolean(6));
        }
    }

    public List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        if (versionNumber < OLDEST_VERSION) {
            findings.add(Finding.refusal("is version " + version + ", and Tidemark needs 14 or later"));
        }
        if (!encoding.equals("UTF8")) {
            findings.add(Finding.refusal("has the encoding " + encoding + ", and Tidemark needs UTF8"));
        }
        if (standby) {
            findings.add(Finding.refusal("is a standby, and Tidemark needs the primary"));
        }
        if (!fsync) {
            findings.add(Finding.warning("runs with fsync=off: when the machine crashes, acknowledged records are lost"
                    + " and the database may be beyond repair"));
        } else if (!fullPageWrites) {
            findings.add(Finding.warning("runs with full_page_writes=off: when the machine crashes, the database may be"
                    + " beyond repair"));
        }
        return findings;
    }
}
