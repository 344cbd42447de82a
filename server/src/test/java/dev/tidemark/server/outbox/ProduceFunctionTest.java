package dev.tidemark.server.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.server.json.JsonText;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

/** What {@code tidemark.produce} takes and what it refuses. Nothing here is committed: each call is looked at in the transaction that made it. */
class ProduceFunctionTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static TestLog log;
    private static Topic bytes;
    private static Topic text;
    private static Topic json;

    private Connection caller;

    @BeforeAll
    static void makeTopics() {
        log = new TestLog(database.database());
        bytes = log.topic(3, Map.of());
        text = log.topic(1, Map.of("key.type", "text", "value.type", "text"));
        json = log.topic(1, Map.of("key.type", "text", "value.type", "json"));
    }

    @AfterAll
    static void stop() {
        log.close();
    }

    @BeforeEach
    void begin() throws SQLException {
        caller = database.connect();
        caller.setAutoCommit(false);
    }

    @AfterEach
    void rollback() throws SQLException {
        caller.rollback();
        caller.close();
    }

    /** Arguments after the topic, and what key and value are staged as, in hexadecimal. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "null",
            value = {
                "'k', 'v'                                   | 6b   | 76",
                "null, 'v'                                  | null | 76",
                "'k', null                                  | 6b   | null",
                "null, null                                 | null | null",
                "'', ''                                     | ''   | ''",
                "'k', to_jsonb(7)                           | 6b   | 37",
                "'k', '{}'::json                            | 6b   | 7b7d",
                "'k', '{ }'::json                           | 6b   | 7b207d",
                "'k', '{\"a\":  1}'::jsonb                  | 6b   | 7b2261223a20317d",
                "'\\x00ff'::bytea, '\\x01'::bytea           | 00ff | 01",
                "'k', '\\x01'::bytea                        | 6b   | 01",
                "'\\x00'::bytea, 'v'                        | 00   | 76",
                "'\\x00'::bytea, null                       | 00   | null",
                "null, '\\x01'::bytea                       | null | 01",
                "'k'::varchar, 'v'::varchar                 | 6b   | 76",
                "value => 'v', key => 'k'                   | 6b   | 76",
                "'k', 'v', partition => 2                   | 6b   | 76",
                "'k', 'v', \"timestamp\" => now()           | 6b   | 76",
                "'k', 'v', '[[\"h\",\"1\"]]'                | 6b   | 76",
                "'k', 'v', null, 1, '2024-01-01'            | 6b   | 76",
                "'k', null::jsonb                           | 6b   | null",
            })
    void argumentsNeedNoCasts(String arguments, String key, String value) throws SQLException {
        long id = produce(bytes, arguments);

        assertThat(staged(id, "encode(key, 'hex')")).isEqualTo(key);
        assertThat(staged(id, "encode(value, 'hex')")).isEqualTo(value);
    }

    @Test
    void idsGrowAndEachRowHasItsPlace() throws SQLException {
        long first = produce(bytes, "'k', 'v', partition => 2, \"timestamp\" => '2024-02-03 04:05:06.7899Z'");
        long second = produce(bytes, "'k', 'v'");

        assertThat(second).isGreaterThan(first);
        assertThat(staged(first, "partition::text")).isEqualTo("2");
        assertThat(staged(first, "extract(epoch from \"timestamp\")::text")).isEqualTo("1706933106.789000");
        assertThat(staged(second, "partition::text")).isNull();
        assertThat(staged(second, "(\"timestamp\" between staged_at - interval '1 ms' and staged_at)::text"))
                .isEqualTo("true");
        assertThat(staged(second, "(xid = pg_current_xact_id())::text")).isEqualTo("true");
    }

    @Test
    void triggerProduces() throws SQLException {
        execute("create table orders (id int, item text);"
                + " create function announce() returns trigger language plpgsql as $$ begin"
                + " perform tidemark.produce('" + json.name() + "', new.id::text, to_jsonb(new)); return new; end $$;"
                + " create trigger announce after insert on orders for each row execute function announce();"
                + " insert into orders values (7, 'pears')");

        assertThat(string(
                        "select convert_from(key, 'UTF8') || ' ' || convert_from(value, 'UTF8') from tidemark_internal.staged_0"
                                + " where topic_id = " + json.id()))
                .isEqualTo("7 {\"id\": 7, \"item\": \"pears\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes | 'k', 'v', partition => 3                                 | TM003 | has no partition 3, only 0 to 2",
                "bytes | 'k', 'v', partition => -1                                | TM003 | has no partition -1",
                "bytes | 'k', repeat('x', 1048588)                                | TM010 | key, value and headers have 1048589 bytes, max.message.bytes is 1048588",
                "bytes | 'k', 'v', \"timestamp\" => now() + interval '2 hours'    | TM032 | timestamp",
                "bytes | 'k', 'v', \"timestamp\" => '1969-12-31Z'                 | TM032 | timestamp",
                "bytes | 'k', 'v', \"timestamp\" => 'infinity'                    | TM032 | timestamp infinity",
                "bytes | 'k', 'v', \"timestamp\" => '-infinity'                   | TM032 | timestamp -infinity",
                "text  | 'k', '\\xff'::bytea                                      | TM087 | value is not text: invalid byte sequence",
                "text  | 'k', '\\x00'::bytea                                      | TM087 | value is not text: invalid byte sequence",
                "text  | '\\xff'::bytea, 'v'                                      | TM087 | key is not text: invalid byte sequence",
                "json  | 'k', 'no JSON'                                           | TM087 | value is not json: invalid input syntax",
                "json  | 'k', ''                                                  | TM087 | value is not json: invalid input syntax",
                "json  | 'k', '\\xff'::bytea                                      | TM087 | value is not json: invalid byte sequence",
                "json  | 'k', '\"\\u0000\"'                                       | TM087 | value is not json: unsupported Unicode escape sequence",
                "json  | 'k', '[\"\\u0000\"]'::json                               | TM087 | value is not json: unsupported Unicode escape sequence",
                "json  | 'k', '\"\\ud800\"'                                       | TM087 | value is not json: ",
                "json  | 'k', concat(repeat('[', 513), repeat(']', 513))                | TM087 | value is not json: arrays and objects are nested deeper than 512",
                "json  | 'k', concat('{\"a\":', repeat('[', 512), repeat(']', 512), '}')::json | TM087 | nested deeper than 512",
                "bytes | 'k', 'v', '1'                                            | TM087 | headers: not an array of [name, value] pairs",
                "bytes | 'k', 'v', '[[1,\"a\"]]'                                  | TM087 | headers: header 0 is not a pair",
                "bytes | 'k', 'v', '[[\"a\",\"b\"],[\"a\"]]'                      | TM087 | headers: header 1 is not a pair",
                "bytes | 'k', 'v', '[{\"name\":\"a\",\"value\":\"b\"}]'           | TM087 | headers: header 0 is not a pair",
                "bytes | 'k', 'v', '[[\"a\",1]]'                                  | TM087 | headers: the value of header 0 is not a string, null",
                "bytes | 'k', 'v', '[[\"a\",{\"base64\":\"AA\"}]]'                | TM087 | headers: ",
                "bytes | 'k', 'v', '[[\"a\",{\"base64\":\"AB==\"}]]'              | TM087 | headers: the value of header 0",
                "bytes | 'k', 'v', '[[\"a\",{\"hex\":\"00\"}]]'                   | TM087 | headers: the value of header 0",
                "bytes | 'k', 'v', '[[\"a\",{\"base64\":\"AA==\",\"base64\":\"AA==\"}]]' | TM087 | headers: the value of header 0",
                "bytes | 'k', 'v', '[[\"\\u0000\",null]]'                         | TM087 | headers: unsupported Unicode escape",
                "bytes | 'k', 'v', '{\"a\":1}'                                    | TM087 | headers: header \"a\" must be a string or null",
            })
    void whatCannotBeInTheLogIsRefusedAtTheCall(String topic, String arguments, String state, String words)
            throws SQLException {
        assertRefused(call(of(topic).name(), arguments), state, words);
    }

    private static Topic of(String type) {
        return switch (type) {
            case "bytes" -> bytes;
            case "text" -> text;
            default -> json;
        };
    }

    @Test
    void topicsThatAreNotThereAreRefused() throws SQLException {
        assertRefused("select tidemark.produce('nowhere', 'k', 'v')", "TM003", "there is no topic \"nowhere\"");
        assertRefused("select tidemark.produce(null, 'k', 'v')", "TM003", "the topic is null");
        Topic deleted = log.topic(1, Map.of());
        log.topics().delete(deleted.name());
        assertRefused(call(deleted.name(), "'k', 'v'"), "TM003", "there is no topic");
    }

    /** Where a message of PostgreSQL's has the value in its detail, ours does not. */
    @Test
    void refusalDoesNotQuoteTheRecord() throws SQLException {
        PSQLException refused = refused(call(json.name(), "'k', '{\"secret\": confidential}'"));

        assertThat(String.valueOf(refused.getServerErrorMessage())).doesNotContain("confidential");
    }

    @Test
    void transactionGoesOnAfterARefusalBehindASavepoint() throws SQLException {
        produce(bytes, "'k', 'before'");
        Savepoint savepoint = caller.setSavepoint();
        assertThat(refused(call(json.name(), "'k', 'no JSON'")).getSQLState()).isEqualTo("TM087");
        caller.rollback(savepoint);
        produce(bytes, "'k', 'after'");

        assertThat(string("select count(*) from tidemark_internal.staged_0 where xid = pg_current_xact_id()"))
                .isEqualTo("2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[[\"a\",\"b\"],[\"a\",null],[\"\",{\"base64\":\"AAH/\"}]]",
                " [ [\"\\u00e4\" , \"\\ud83d\\ude00\"] ] ",
                "{\"a\":\"b\",\"c\":null,\"a\":\"\\\"quoted\\\"\"}",
                "[[\"long\",{\"base64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]]",
            })
    void headersAreKeptAsConsumersReadThem(String headers) throws SQLException {
        long id = produce(bytes, "'k', 'v', '" + headers + "'");

        byte[] kept = staged(id, "headers").getBytes(StandardCharsets.UTF_8);
        assertThat(HeaderCodec.decode(kept, 0, kept.length)).isNotEmpty();
    }

    @Test
    void noHeadersAreNull() throws SQLException {
        for (String none : List.of("[]", "{}", "null")) {
            assertThat(staged(produce(bytes, "'k', 'v', '" + none + "'"), "headers"))
                    .isNull();
        }
    }

    @Test
    void stampedTopicTakesNoNoticeOfTimestamps() throws SQLException {
        Topic stamped = log.topic(1, Map.of("message.timestamp.type", "LogAppendTime"));

        assertThat(produce(stamped, "'k', 'v', \"timestamp\" => '3000-01-01'")).isPositive();
    }

    @Test
    void boundsOfATopicAreItsConfigs() throws SQLException {
        Topic bounded = log.topic(
                1,
                Map.of(
                        "max.message.bytes", "3",
                        "message.timestamp.before.max.ms", "60000",
                        "message.timestamp.after.max.ms", "9223372036854775807"));

        produce(bounded, "'k', 'vv'");
        assertRefused(call(bounded.name(), "'k', 'vvv'"), "TM010", "max.message.bytes is 3");
        assertRefused(call(bounded.name(), "'k', 'v', \"timestamp\" => now() - interval '2 minutes'"), "TM032", "");
        produce(bounded, "'k', 'v', \"timestamp\" => '9999-12-31 23:59:59.999Z'");
        assertRefused(call(bounded.name(), "'k', 'v', \"timestamp\" => '10000-01-01 00:00:00Z'"), "TM032", "");
    }

    /** The defaults stand in the function a second time. */
    @Test
    void boundsOfATopicWithoutConfigsAreTheServersDefaults() throws SQLException {
        String source = string("select prosrc from pg_proc where proname = 'stage_record'");

        assertThat(source)
                .contains("'max.message.bytes')::bigint, " + bytes.config().maxMessageBytes() + ")")
                .contains("'message.timestamp.after.max.ms')::bigint, "
                        + bytes.config().timestampAfterMaxMs() + ")")
                .contains("'message.timestamp.before.max.ms')::bigint, "
                        + bytes.config().timestampBeforeMaxMs() + ")");
    }

    /** What SQL lets in the server would have let in, and the other way round. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "1",
                " [1, 2] ",
                "{\"a\":{\"b\":[]}}",
                "1e999999",
                "\"\\ud83d\\ude00\"",
                "\"\\ude00\"",
                "\"\\\\u0000\"",
                "[",
                "01",
                "{\"a\"}",
                "nul",
                "\"[[[\""
            })
    void jsonIsWhatTheServerTakesForJson(String value) throws SQLException {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        boolean accepted;
        Savepoint savepoint = caller.setSavepoint();
        try (PreparedStatement produce = caller.prepareStatement("select tidemark.produce(?, 'k', ?::bytea)")) {
            produce.setString(1, json.name());
            produce.setBytes(2, utf8);
            produce.executeQuery().close();
            accepted = true;
        } catch (PSQLException e) {
            assertThat(e.getSQLState()).isEqualTo("TM087");
            accepted = false;
            caller.rollback(savepoint);
        }

        assertThat(accepted).isEqualTo(JsonText.check(utf8, 0, utf8.length) == null);
    }

    @Test
    void onlyWritersMayProduce() throws SQLException {
        try (Connection administrator = database.connect();
                Statement statement = administrator.createStatement()) {
            for (String role : List.of("reader", "writer")) {
                statement.execute("do $$ begin create role produce_" + role
                        + " login password 'p'; exception when duplicate_object then null; end $$");
                statement.execute("grant tidemark_" + role + " to produce_" + role);
            }
        }
        try (Connection reader = as("produce_reader")) {
            assertThat(refusedBy(reader).getSQLState()).isEqualTo("42501");
        }
        try (Connection writer = as("produce_writer")) {
            writer.setAutoCommit(false);
            try (Statement statement = writer.createStatement()) {
                statement.execute(call(bytes.name(), "'k', 'v'"));
            }
            writer.rollback();
        }
    }

    private static Connection as(String role) throws SQLException {
        return DriverManager.getConnection(database.jdbcUrl().replaceFirst("\\?.*", "?user=" + role + "&password=p"));
    }

    private static SQLException refusedBy(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(call(bytes.name(), "'k', 'v'"));
            throw new AssertionError("was not refused");
        } catch (PSQLException e) {
            return e;
        }
    }

    private static String call(String topic, String arguments) {
        return "select tidemark.produce('" + topic + "', " + arguments + ")";
    }

    private long produce(Topic topic, String arguments) throws SQLException {
        // Named arguments come after those by place.
        String call = arguments.startsWith("value =>")
                ? "select tidemark.produce(topic => '" + topic.name() + "', " + arguments + ")"
                : call(topic.name(), arguments);
        return Long.parseLong(string(call));
    }

    private String staged(long id, String expression) throws SQLException {
        return string("select " + expression
                + " from (select * from tidemark_internal.staged_0 union all select * from tidemark_internal.staged_1) s where id = "
                + id);
    }

    private String string(String query) throws SQLException {
        try (Statement statement = caller.createStatement();
                var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = caller.createStatement()) {
            statement.execute(sql);
        }
    }

    private void assertRefused(String sql, String state, String words) throws SQLException {
        PSQLException refused = refused(sql);
        assertThat(refused.getSQLState()).isEqualTo(state);
        assertThat(refused.getServerErrorMessage().getMessage()).contains(words);
    }

    private PSQLException refused(String sql) throws SQLException {
        Savepoint savepoint = caller.setSavepoint();
        try (Statement statement = caller.createStatement()) {
            statement.execute(sql);
            throw new AssertionError("was not refused: " + sql);
        } catch (PSQLException e) {
            caller.rollback(savepoint);
            return e;
        }
    }
}
