package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ClusterCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @Test
    void newEpochBeginsAndItsReasonIsKept() throws SQLException {
        int before = Integer.parseInt(newest("leader_epoch"));

        Ran bumped = server.run("cluster", "bump-epoch", "--reason", "Monday's files put back")
                .quietly();

        assertThat(bumped.text()).isEqualTo("Leader epoch " + (before + 1) + " has begun.\n");
        assertThat(newest("reason")).isEqualTo("Monday's files put back");
    }

    @Test
    void reasonIsAskedFor() {
        Ran without = server.run("cluster", "bump-epoch");
        assertThat(without.exitCode()).isEqualTo(2);
        assertThat(without.err()).contains("--reason");
        server.run("cluster", "bump-epoch", "--reason", " ").refusedWith("\"reason\" must be 1 to 500 characters");
    }

    private static String newest(String column) throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select " + column
                        + " from tidemark_internal.leader_epoch order by leader_epoch desc limit 1")) {
            row.next();
            return row.getString(1);
        }
    }
}
