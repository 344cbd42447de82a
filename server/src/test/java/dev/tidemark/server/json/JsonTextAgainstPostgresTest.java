package dev.tidemark.server.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextAgainstPostgresTest {
    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    /** What is accepted here PostgreSQL stores and takes apart; what PostgreSQL cannot store or cannot take apart is refused here. */
    @ParameterizedTest
    @ValueSource(longs = {41, 42, 43, 44})
    void acceptsWhatPostgresqlStoresAndCanTakeApart(long seed) throws SQLException {
        Random random = new Random(seed);
        List<byte[]> texts = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            byte[] text = new RandomJson(random).text().getBytes(StandardCharsets.UTF_8);
            for (int mutations = random.nextInt(3); mutations > 0; mutations--) {
                text = RandomJson.mutated(text, random);
            }
            texts.add(text);
        }

        List<Boolean> readable = readableInPostgres(texts);

        for (int i = 0; i < texts.size(); i++) {
            byte[] text = texts.get(i);
            assertThat(JsonText.check(text, 0, text.length) == null)
                    .as("seed %d, text %d: %s", seed, i, new String(text, StandardCharsets.ISO_8859_1))
                    .isEqualTo(readable.get(i));
        }
    }

    private static List<Boolean> readableInPostgres(List<byte[]> texts) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            // The json type does not look into escapes; what takes a text apart, as ->> and json_strip_nulls do, fails
            // on them.
            statement.execute("""
                    create function pg_temp.is_readable(text bytea) returns boolean language plpgsql as $$
                    begin
                      perform json_strip_nulls(convert_from(text, 'UTF8')::json);
                      return true;
                    exception when others then
                      return false;
                    end $$""");
            Array array = connection.createArrayOf("bytea", texts.toArray(new byte[0][]));
            PreparedStatement query = connection.prepareStatement(
                    "select pg_temp.is_readable(text) from unnest(?::bytea[]) with ordinality as t(text, n) order by n");
            query.setArray(1, array);
            List<Boolean> readable = new ArrayList<>();
            ResultSet rows = query.executeQuery();
            while (rows.next()) {
                readable.add(rows.getBoolean(1));
            }
            return readable;
        }
    }
}
