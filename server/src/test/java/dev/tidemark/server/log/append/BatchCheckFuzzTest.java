package dev.tidemark.server.log.append;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.Fuzz;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Batches of bytes nobody would send: refused by name, or stored, and then read back as they were. PostgreSQL never has the word on what is legal. */
class BatchCheckFuzzTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static TestLog log;

    @BeforeAll
    static void open() {
        // No tail: what is read back has been in PostgreSQL.
        log = new TestLog(database.database(), 0);
    }

    @AfterAll
    static void close() {
        log.close();
    }

    @Test
    void aBatchOfBytesIsRefusedByNameOrReadBackAsItWas() {
        roundsIn(log.topic(1, Map.of()), false);
    }

    @Test
    void aBatchOfTextAndJsonIsRefusedByNameOrReadBackAsItWas() {
        roundsIn(log.topic(1, Map.of("key.type", "text", "value.type", "json")), true);
    }

    private static void roundsIn(Topic topic, boolean json) {
        long[] next = {0};
        Fuzz.run(400, random -> {
            int records = 1 + random.nextInt(4);
            byte[] sent = records(random, records, json);
            if (random.nextInt(4) > 0) {
                sent = Fuzz.mutated(sent, random);
            }
            ProduceFrame.Batch batch = new ProduceFrame.Batch(
                    0, ProduceFrame.NO_PRODUCER_ID, (short) -1, -1, records, sent.clone(), 0, sent.length);
            BatchOutcome outcome = log.append(topic, batch).get(0);
            if (outcome instanceof BatchOutcome.Appended appended) {
                assertThat(appended.baseOffset()).isEqualTo(next[0]);
                assertStored(topic, appended.baseOffset(), sent);
                next[0] += records;
            } else {
                ErrorCode error = ((BatchOutcome.Refused) outcome).error();
                assertThat(error.httpStatus()).as(Fuzz.shown(sent)).isBetween(400, 499);
            }
        });
    }

    private static void assertStored(Topic topic, long offset, byte[] sent) throws Exception {
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        log.fetch(topic, 0, offset).slices().forEach(s -> stored.write(s.bytes(), s.at(), s.length()));
        int at = 0;
        for (long record = offset; at < sent.length; record++) {
            RecordLayout.setOffset(sent, at, record);
            at = RecordLayout.end(sent, at);
        }
        assertThat(stored.toByteArray()).isEqualTo(sent);
    }

    private static byte[] records(Random random, int count, boolean json) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            byte[] key = json ? Fuzz.text(random, 8).getBytes(StandardCharsets.UTF_8) : Fuzz.randomBytes(random, 20);
            byte[] value = json
                    ? ("{\"a\":" + Fuzz.quoted(Fuzz.text(random, 12)) + ",\"n\":[1,2.50,null]}")
                            .getBytes(StandardCharsets.UTF_8)
                    : Fuzz.randomBytes(random, 3000);
            records.writeBytes(TestLog.record(i, 1_700_000_000_000L + i, 0, key, value, headers(random)));
        }
        return records.toByteArray();
    }

    private static List<Header> headers(Random random) {
        List<Header> headers = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            headers.add(new Header(Fuzz.text(random, 5), Fuzz.randomBytes(random, 10)));
        }
        return headers;
    }
}
