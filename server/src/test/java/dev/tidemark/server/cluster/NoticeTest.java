package dev.tidemark.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoticeTest {
    @Test
    void saysWhoAppendedHowFar() {
        Map<Integer, Long> ends = Map.of(1, 0L, Integer.MAX_VALUE, 4_000_000_000_000_000_000L, 36, 35L);

        Notice read = Notice.read(new Notice("me", ends, false).payload()).orElseThrow();

        assertThat(read).isEqualTo(new Notice("me", ends, false));
    }

    @Test
    void isShort() {
        assertThat(new Notice("me", Map.of(7, 12_345_678L), false).payload()).isEqualTo("me 7:7clzi,");
        assertThat(Notice.probe("me").payload()).isEqualTo("me ");
        assertThat(Notice.read("me ")).contains(Notice.probe("me"));
    }

    @Test
    void whatPostgresWouldNotTakeMeansEverywhere() {
        Map<Integer, Long> ends = new HashMap<>();
        int partitionId = 0;
        while (!Notice.read(new Notice("me", ends, false).payload())
                .orElseThrow()
                .isEverywhere()) {
            assertThat(new Notice("me", ends, false).payload().length()).isLessThan(8_000);
            ends.put(partitionId++, 1_000_000_000L);
        }
        assertThat(ends).hasSizeGreaterThan(700);
        assertThat(Notice.read(Notice.everywhere("me").payload())).contains(Notice.everywhere("me"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "me",
                " 1:1,",
                "me 1",
                "me 1:1",
                "me 1:1,2",
                "me 1:1,,",
                "me :1,",
                "me 1:,",
                "me -1:1,",
                "me 1:-1,",
                "me zzzzzz:1,",
                "me 1:1000000000000,",
                "me 1:1,*",
                "me **",
                "me A:1,",
                "me 1:1, 2:2,",
                "me\u00001:1,"
            })
    void whatIsNoneIsNotRead(String payload) {
        assertThat(Notice.read(payload)).isEmpty();
    }

    @RepeatedTest(200)
    void anythingIsReadOrNot(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        StringBuilder payload = new StringBuilder("me ");
        String letters = "0123456789az:,* -.é";
        for (int i = random.nextInt(60); i > 0; i--) {
            payload.append(letters.charAt(random.nextInt(letters.length())));
        }
        Notice.read(payload.toString())
                .ifPresent(notice -> notice.ends().forEach((partitionId, end) -> {
                    assertThat(partitionId).isNotNegative();
                    assertThat(end).isNotNegative();
                }));
    }
}
