package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.latency.TidemarkLatency;
import dev.tidemark.benchmarks.load.ConsumerPerformance;
import dev.tidemark.benchmarks.load.OffsetCommits;
import dev.tidemark.benchmarks.load.ProducerPerformance;
import dev.tidemark.benchmarks.measure.ProcessTable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A private Tidemark server with its embedded PostgreSQL, started by the command users start it with, on free ports, with data of its own and every
 * other setting as shipped.
 */
public final class TidemarkServer implements LogSystem {
    /** The first start from a fresh clone builds the server. */
    private static final Duration START_TIMEOUT = Duration.ofMinutes(5);

    /** The one setting of the caller's that is let through, so that Java options can be tried. */
    public static final String JAVA_OPTIONS = "TIDEMARK_JAVA_OPTS";

    private static final Duration POLL = Duration.ofMillis(100);
    private static final Pattern HTTP_ADDRESS = Pattern.compile("https?://[\\w.\\[\\]:-]+:\\d+");
    private static final Pattern JDBC_URL = Pattern.compile("jdbc:postgresql://\\S+\\?\\S+");

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final Path log;
    private String address = "";
    private String jdbcUrl;
    private @Nullable PostgresProbe postgres;

    private TidemarkServer(Process process, Path log, String jdbcUrl) {
        this.process = process;
        this.log = log;
        this.jdbcUrl = jdbcUrl;
    }

    /**
     * Starts the server and waits until it is ready.
     *
     * @param command for example {@code bin/tidemark}
     * @param directory for its data and its log; a second start there finds the data of the first
     * @throws IOException when it ends instead, is not ready in time, or its PostgreSQL would not keep what it acknowledges
     */
    public static TidemarkServer start(Path command, Path directory)
            throws IOException, InterruptedException, SQLException {
        return start(command, directory, "");
    }

    /** Another server over this one's database; see {@link #start}. */
    public TidemarkServer startBeside(Path command, Path directory)
            throws IOException, InterruptedException, SQLException {
        return start(command, directory, jdbcUrl);
    }

    /** @param jdbcUrl empty: a PostgreSQL of its own */
    private static TidemarkServer start(Path command, Path directory, String jdbcUrl)
            throws IOException, InterruptedException, SQLException {
        Files.createDirectories(directory);
        Path log = directory.resolve("server.log");
        ProcessBuilder builder = new ProcessBuilder(command.toString(), "server");
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("TIDEMARK_") && !name.equals(JAVA_OPTIONS));
        environment.put("TIDEMARK_HTTP_PORT", "0");
        if (jdbcUrl.isEmpty()) {
            environment.put("TIDEMARK_DATA_DIR", directory.resolve("data").toString());
        } else {
            environment.put("TIDEMARK_JDBC_URL", jdbcUrl);
        }
        builder.directory(directory.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
        TidemarkServer server = new TidemarkServer(builder.start(), log, jdbcUrl);
        try {
            server.awaitReady();
            server.connectPostgres();
        } catch (IOException | InterruptedException | SQLException | RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private void awaitReady() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (!isReady()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the server was not ready within " + START_TIMEOUT + "; the end of " + log + ":\n"
                        + LogTail.of(log));
            }
            if (process.waitFor(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("the server ended at start; the end of " + log + ":\n" + LogTail.of(log));
            }
        }
    }

    private boolean isReady() throws InterruptedException {
        try {
            String printed = Files.readString(log, StandardCharsets.ISO_8859_1);
            address = first(HTTP_ADDRESS, printed);
            if (jdbcUrl.isEmpty()) {
                jdbcUrl = first(JDBC_URL, printed);
            }
            if (address.isEmpty() || jdbcUrl.isEmpty()) {
                return false;
            }
            return send(HttpRequest.newBuilder(uri("/health/ready")).GET()).statusCode() == 200;
        } catch (IOException e) {
            return false; // Not yet listening.
        }
    }

    private static String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group() : "";
    }

    private void connectPostgres() throws SQLException, IOException {
        postgres = PostgresProbe.connect(jdbcUrl);
        Map<String, String> settings = postgres.settings();
        for (String durable : new String[] {"fsync", "synchronous_commit"}) {
            if (!"on".equals(settings.get(durable))) {
                throw new IOException(
                        "PostgreSQL runs with " + durable + "=" + settings.get(durable) + ": not a fair start");
            }
        }
    }

    public String address() {
        return address;
    }

    public String jdbcUrl() {
        return jdbcUrl;
    }

    /** @throws IllegalStateException before the server is ready */
    public PostgresProbe postgres() {
        if (postgres == null) {
            throw new IllegalStateException("the server is not ready");
        }
        return postgres;
    }

    @Override
    public Usage usage(ProcessTable processes) throws IOException {
        try {
            long postmaster = postgres().postmaster();
            return new Usage(
                    processes.cpuSeconds(process.pid(), postmaster),
                    processes.cpuSeconds(postmaster),
                    postgres().walBytes());
        } catch (SQLException e) {
            throw new IOException("PostgreSQL does not tell its WAL position", e);
        }
    }

    @Override
    public void createTopic(String name, int partitions) throws IOException, InterruptedException {
        String body = "{\"name\":\"" + name + "\",\"partition_count\":" + partitions + "}";
        expect(
                201,
                HttpRequest.newBuilder(uri("/v1/topics"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /** Appends a JSON request's records. */
    void produceJson(String topic, String body) throws IOException, InterruptedException {
        expect(
                200,
                HttpRequest.newBuilder(uri("/v1/topics/" + topic + "/records"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    @Override
    public void deleteTopic(String name) throws IOException, InterruptedException {
        expect(204, HttpRequest.newBuilder(uri("/v1/topics/" + name)).DELETE());
    }

    @Override
    public Tool producer(String topic, int records, Path payloads) {
        return Tool.ours(
                "tidemark-producer",
                ProducerPerformance.class,
                "--server",
                address,
                "--topic",
                topic,
                "--records",
                records,
                "--payload-file",
                payloads);
    }

    /** Consumers that commit offsets, so many times in all. */
    public Tool committer(String topic, int partitions, int commits, int consumers) {
        return Tool.ours(
                "tidemark-committer",
                OffsetCommits.class,
                "--server",
                address,
                "--topic",
                topic,
                "--partitions",
                partitions,
                "--commits",
                commits,
                "--consumers",
                consumers);
    }

    @Override
    public Tool consumer(String topic, int records) {
        return consumer(topic, records, 1);
    }

    /** Reads a topic of that many records from its beginning, several times over. */
    public Tool consumer(String topic, int records, int passes) {
        return Tool.ours(
                "tidemark-consumer",
                ConsumerPerformance.class,
                "--server",
                address,
                "--topic",
                topic,
                "--records",
                records,
                "--passes",
                passes);
    }

    @Override
    public Tool latency(String topic, LatencySettings settings) {
        return Tool.ours(
                "tidemark-latency",
                TidemarkLatency.class,
                "--server",
                address,
                "--topic",
                topic,
                "--linger-ms",
                settings.lingerMs(),
                "--size",
                settings.size(),
                "--rate",
                settings.rate(),
                "--warm-up-seconds",
                settings.warmUpSeconds(),
                "--seconds",
                settings.seconds());
    }

    /** Of the server's JVM, which may be a child of the command that started it. */
    public FlightRecorder flightRecorder() {
        long pid = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .filter(handle -> handle.info().command().orElse("").endsWith("java"))
                .mapToLong(ProcessHandle::pid)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the server runs in no JVM"));
        return new FlightRecorder(pid);
    }

    /** Where records given to consumers came from. */
    public enum Source {
        TAIL_CACHE("tail"),
        DATABASE("database");

        private final String label;

        Source(String label) {
            this.label = label;
        }
    }

    /** Records given to consumers since the server's start. */
    public double recordsFetched(Source source) throws IOException, InterruptedException {
        String metrics = send(HttpRequest.newBuilder(uri("/metrics")).GET()).body();
        return PrometheusText.sum(metrics, "tidemark_fetch_records_total", "source", source.label);
    }

    private URI uri(String path) {
        return URI.create(address + path);
    }

    private void expect(int status, HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> answer = send(request);
        if (answer.statusCode() != status) {
            throw new IOException(answer.request().method() + " " + answer.uri() + " answered " + answer.statusCode()
                    + ": " + answer.body());
        }
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        if (postgres != null) {
            try {
                postgres.close();
            } catch (SQLException e) {
                // It is about to be stopped.
            }
        }
        Processes.stop(process);
    }
}
