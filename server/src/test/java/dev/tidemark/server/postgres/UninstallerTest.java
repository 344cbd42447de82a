package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.testing.ManyTopics;
import dev.tidemark.server.testing.TestDatabase;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(120)
class UninstallerTest {
    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    private final List<String> progress = new ArrayList<>();

    @BeforeEach
    void installAnew() throws SQLException {
        execute("drop view if exists public.report");
        execute("drop schema if exists tidemark, tidemark_internal, topic, other, other_internal, other_topic cascade");
        new Migrator(database.config()).migrate();
    }

    private Uninstaller uninstaller() {
        return new Uninstaller(database.config());
    }

    private static DatabaseConfig other() {
        return new DatabaseConfig(
                database.jdbcUrl(),
                null,
                null,
                2,
                DatabaseConfig.PREPARE_AS_FITS,
                SchemaNames.of("other", "other_topic"));
    }

    @Test
    void everythingOfOursGoesInSlicesAndTheDatabaseIsAsBefore() throws SQLException {
        ManyTopics.make(database.jdbcUrl(), 41, 3, 5);

        assertThat(uninstaller().contents())
                .hasToString("the schemas tidemark, tidemark_internal and topic of database "
                        + database.string("select current_database()") + ", with 41 topics and 123 segments");
        uninstaller().uninstall(progress::add);

        assertThat(progress).contains("dropped 100 of 123 segments", "dropped 123 of 123 segments");
        assertThat(database.string("select count(*) from pg_namespace where nspname ~ '^(tidemark|topic)'"))
                .isEqualTo("0");
        assertThat(database.string("select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace"
                        + " where nspname !~ '^(pg_|information_schema)'"))
                .isEqualTo("0");
        assertThatThrownBy(() -> uninstaller().contents())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("has no Tidemark in the schemas tidemark and topic");
        assertThat(new Migrator(database.config()).migrate()).isPositive();
    }

    @Test
    void brokenOffUninstallGoesOnWhenRunAgain() throws SQLException {
        ManyTopics.make(database.jdbcUrl(), 3, 50, 1);
        assertThatThrownBy(() -> uninstaller().uninstall(line -> {
                    if (line.contains("segments")) {
                        throw new IllegalStateException("pulled the plug");
                    }
                }))
                .hasMessage("pulled the plug");
        assertThat(uninstaller().contents().segments()).isEqualTo(50);

        uninstaller().uninstall(progress::add);

        assertThat(database.string("select count(*) from pg_namespace where nspname ~ '^(tidemark|topic)'"))
                .isEqualTo("0");
    }

    @Test
    void whatOthersPutIntoOurSchemasStays() throws SQLException {
        ManyTopics.make(database.jdbcUrl(), 1, 1, 1);
        execute("create table topic.theirs (id int)");
        execute("create function tidemark.theirs() returns int language sql as 'select 1'");

        uninstaller().uninstall(progress::add);

        assertThat(progress)
                .contains(
                        "left schema topic, which holds objects that are not Tidemark's",
                        "left schema tidemark, which holds objects that are not Tidemark's");
        assertThat(database.string("select count(*) from topic.theirs")).isEqualTo("0");
        assertThat(database.string("select tidemark.theirs()")).isEqualTo("1");
        assertThat(database.string("select to_regnamespace('tidemark_internal') is null"))
                .isEqualTo("t");
    }

    @Test
    void installationUnderOtherNamesIsLeftAlone() throws SQLException {
        DatabaseConfig other = other();
        new Migrator(other).migrate();
        ManyTopics.make(database.jdbcUrl(), 2, 1, 1);

        new Uninstaller(other).uninstall(progress::add);

        assertThat(database.string(
                        "select to_regnamespace('other') is null and to_regnamespace('other_topic') is null"))
                .isEqualTo("t");
        assertThat(database.string("select count(*) from topic.many_2")).isEqualTo("1");
        assertThat(uninstaller().contents().topics()).isEqualTo(2);
    }

    @Test
    void viewsOfOthersOnOursAreNamedAndNothingIsDropped() throws SQLException {
        ManyTopics.make(database.jdbcUrl(), 1, 1, 1);
        execute("create view public.report as select count(*) from topic.many_1");

        assertThatThrownBy(() -> uninstaller().uninstall(progress::add))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("drop public.report first");
        assertThat(database.string("select count(*) from topic.many_1")).isEqualTo("1");
    }

    private static Server server(String... more) {
        List<String> flags = new ArrayList<>(List.of("--http-port=0", "--jdbc-url=" + database.jdbcUrl()));
        flags.addAll(List.of(more));
        return Server.start(ServerConfig.read(flags, Map.of()));
    }

    @Test
    void databaseWithALiveServerIsLeftAloneUntilThatHasStopped() {
        try (Server live = server()) {
            assertThatThrownBy(() -> uninstaller().contents())
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("has Tidemark servers that run: stop " + live.address() + " first");
            assertThatThrownBy(() -> uninstaller().uninstall(progress::add)).isInstanceOf(StartException.class);
        }
        assertThat(progress).isEmpty();
        uninstaller().uninstall(progress::add);
        assertThatThrownBy(() -> uninstaller().contents()).hasMessageContaining("has no Tidemark");
    }

    @Test
    void serverOfAnotherInstallationInTheDatabaseIsNotInTheWayAndGoesOn() throws Exception {
        ManyTopics.make(database.jdbcUrl(), 1, 1, 1);
        try (Server other = server("--schema=other", "--topic-schema=other_topic")) {
            createTopic(other, "theirs");
            uninstaller().uninstall(progress::add);

            assertThat(database.string("select to_regnamespace('tidemark') is null"))
                    .isEqualTo("t");
            createTopic(other, "after");
            assertThat(database.string("select count(*) from other.topics")).isEqualTo("2");
            assertThatThrownBy(() -> new Uninstaller(other()).contents())
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("stop " + other.address() + " first");
        }
    }

    private static void createTopic(Server server, String name) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.address().resolve("/v1/topics"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"" + name + "\"}"))
                .build();
        assertThat(HttpClient.newHttpClient()
                        .send(request, BodyHandlers.discarding())
                        .statusCode())
                .isBetween(200, 299);
    }

    @Test
    void sessionsThatAPoolerKeepsAreNotInTheWay() {
        try (Database left = database.open()) {
            assertThat(left.poolSize()).isPositive();
            uninstaller().uninstall(progress::add);
        }
        assertThatThrownBy(() -> uninstaller().contents()).hasMessageContaining("has no Tidemark");
    }

    @Test
    void serverThatIsStartedInTheMiddleIsNotTakenItsTablesFrom() throws SQLException {
        ManyTopics.make(database.jdbcUrl(), 3, 50, 1);
        List<Server> started = new ArrayList<>();
        try {
            assertThatThrownBy(() -> uninstaller().uninstall(line -> {
                        if (started.isEmpty()) {
                            started.add(server());
                        }
                    }))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("first");
            assertThat(started).hasSize(1);
            assertThat(database.string("select count(*) from pg_class where relname ~ '^topic_[0-9]+$'"))
                    .isEqualTo("3");
        } finally {
            started.forEach(Server::close);
        }
        uninstaller().uninstall(progress::add);
        assertThatThrownBy(() -> uninstaller().contents()).hasMessageContaining("has no Tidemark");
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
