package dev.tidemark.integration.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.integration.server.RunningServer;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.yaml.snakeyaml.Yaml;

/** The container image as its files say it is: not root, nothing written but its volume, and asked whether it is ready. */
class ContainerTest {
    private static final Path DOCKERFILE = Path.of("..", "Dockerfile");
    private static final Path COMPOSE = Path.of("..", "docker-compose.yml");

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @Test
    void theImageRunsAsAUserThatIsNotRootAndKnownByNumber() throws IOException {
        assertThat(lastOf("USER")).matches("[1-9]\\d{3,}");
    }

    @Test
    void whatIsWrittenIsAVolumeThatBelongsToThatUser() throws IOException {
        String volume = lastOf("VOLUME");

        assertThat(lastOf("WORKDIR")).isEqualTo(volume);
        assertThat(finalStage())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("RUN useradd --uid " + lastOf("USER"))
                        .contains("--create-home --home-dir " + volume));
    }

    @Test
    void theServerStopsInOrderWhenItsContainerDoes() throws IOException {
        assertThat(lastOf("STOPSIGNAL")).isEqualTo("SIGTERM");
        // As a list: a shell between would keep the signal to itself.
        assertThat(lastOf("ENTRYPOINT")).startsWith("[");
    }

    @Test
    void theHealthCheckTellsAReadyServerFromOneThatIsNotThere() throws Exception {
        assertThat(health(server.uri().getPort())).isZero();
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        assertThat(health(free)).isNotZero();
    }

    private static int health(int port) throws IOException, InterruptedException {
        String check = lastOf("HEALTHCHECK");
        String[] command = new ObjectMapper().readValue(check.substring(check.indexOf("CMD ") + 4), String[].class);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("TIDEMARK_HTTP_PORT", Integer.toString(port));
        Process process = builder.start();
        process.getOutputStream().close();
        assertThat(process.waitFor(30, TimeUnit.SECONDS))
                .as("the health check ends")
                .isTrue();
        return process.exitValue();
    }

    @Test
    void composeRunsTheServerOnAReadOnlyFileSystemWithoutPrivileges() throws IOException {
        Map<String, Object> service = service("server");

        assertThat(service).containsEntry("read_only", true);
        assertThat(service.get("tmpfs")).isEqualTo(List.of("/tmp"));
        assertThat(service.get("cap_drop")).isEqualTo(List.of("ALL"));
        assertThat(service.get("security_opt")).isEqualTo(List.of("no-new-privileges:true"));
        assertThat(service)
                .containsKeys("mem_limit", "stop_grace_period", "restart")
                .doesNotContainKey("privileged");
        assertThat(service.get("ports").toString())
                .as("published on this machine only")
                .contains("127.0.0.1:");
    }

    @Test
    void composeWaitsForEachServiceToBeHealthy() throws IOException {
        assertThat(service("postgres")).containsKey("healthcheck");
        assertThat(service("server").get("depends_on").toString()).contains("condition=service_healthy");
        // The server's own check is the image's.
        assertThat(lastOf("HEALTHCHECK")).contains("/health/ready", "--start-period", "--timeout");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> service(String name) throws IOException {
        Map<String, Object> file = new Yaml().load(Files.readString(COMPOSE));
        return (Map<String, Object>) ((Map<String, Object>) file.get("services")).get(name);
    }

    /** The arguments of the final stage's last instruction of that kind. */
    private static String lastOf(String instruction) throws IOException {
        return finalStage().stream()
                .filter(line -> line.startsWith(instruction + " "))
                .map(line -> line.substring(instruction.length() + 1).strip())
                .reduce((first, second) -> second)
                .orElseThrow(() -> new AssertionError("the Dockerfile has no " + instruction));
    }

    /** Its instructions, each on one line. */
    private static List<String> finalStage() throws IOException {
        List<String> stage = new ArrayList<>();
        for (String line :
                Files.readString(DOCKERFILE).replaceAll("\\\\\\n\\s*", " ").split("\n")) {
            if (line.startsWith("FROM ")) {
                stage.clear();
            }
            if (!line.isBlank() && !line.startsWith("#")) {
                stage.add(line);
            }
        }
        return stage;
    }
}
