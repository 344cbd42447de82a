package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code --server a,b} where nobody listens at one of the two; which is tried first is drawn by lot. */
class SeveralAddressesTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private static Ran run(String input, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--server", "http://127.0.0.1:1, " + server.address()));
        return Ran.of(input.getBytes(UTF_8), all);
    }

    @RepeatedTest(4)
    void commandsGoOnByTheServerThatIsThere() {
        String topic = server.newTopic();
        run("a\nb\n", "produce", topic);

        assertThat(run("", "consume", topic, "--from", "earliest", "--exit-at-end")
                        .quietly()
                        .text())
                .isEqualTo("a\nb\n");
        assertThat(run("", "topics", "describe", topic).quietly().text()).startsWith("Topic " + topic);
    }
}
