package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.load.Payloads;
import dev.tidemark.benchmarks.load.ToolResult;
import dev.tidemark.benchmarks.measure.CpuSeconds;
import dev.tidemark.benchmarks.measure.ProcessTable;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.LogSystem.Usage;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything a run has started: the systems and the client processes, each when it is first wanted. Not thread-safe.
 */
public final class Stage implements AutoCloseable {
    private static final long SYNC_TIMEOUT_S = 120;

    /** Logs lie in the run's folder and in those of its systems; deeper are their data, of which Kafka's is also called .log. */
    private static final int LOG_DEPTH = 2;

    /** A system that can be asked for. */
    public enum Subject {
        TIDEMARK("tidemark"),
        KAFKA("kafka"),
        KAFKA_FLUSHING("kafka-flush");

        private final String id;

        Subject(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    private final Path tidemarkCommand;
    private final List<Path> kafkaClasspath;
    private final Path directory;
    private final Map<Subject, LogSystem> systems = new EnumMap<>(Subject.class);
    private @Nullable TidemarkServer crowded;
    private final Map<String, WarmJvm> clients = new HashMap<>();
    private final Map<Integer, Path> payloads = new HashMap<>();
    private final Map<String, String> standingTopics = new HashMap<>();
    private int topics;

    private Stage(Path tidemarkCommand, List<Path> kafkaClasspath, Path directory) {
        this.tidemarkCommand = tidemarkCommand;
        this.kafkaClasspath = List.copyOf(kafkaClasspath);
        this.directory = directory;
    }

    /**
     * Makes a folder for data and logs, which goes with the stage, also when this process is told to end (Ctrl-C).
     *
     * @param parent of that folder; must exist
     * @param kafkaClasspath of the broker, its tools, and our mains written for it
     */
    public static Stage open(Path parent, Path tidemarkCommand, List<Path> kafkaClasspath) throws IOException {
        Path directory = Files.createTempDirectory(parent, "benchmark-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            // What fails from here on fails because its processes are ended.
            Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {});
            Processes.stopDescendants();
            delete(directory);
        }));
        // PostgreSQL started by root runs as another user, who must get through to his data.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Stage(tidemarkCommand, kafkaClasspath, directory);
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException | UncheckedIOException e) {
            System.err.println(directory + " is left behind: " + e);
        }
    }

    public LogSystem system(Subject subject) throws IOException, InterruptedException {
        LogSystem system = systems.get(subject);
        if (system == null) {
            system = start(subject);
            systems.put(subject, system);
        }
        return system;
    }

    private LogSystem start(Subject subject) throws IOException, InterruptedException {
        Path home = directory.resolve(subject.id());
        return switch (subject) {
            case TIDEMARK -> startTidemark(home);
            case KAFKA -> KafkaBroker.start(subject.id(), kafkaClasspath, home, false);
            case KAFKA_FLUSHING -> KafkaBroker.start(subject.id(), kafkaClasspath, home, true);
        };
    }

    private TidemarkServer startTidemark(Path home) throws IOException, InterruptedException {
        try {
            return TidemarkServer.start(tidemarkCommand, home);
        } catch (SQLException e) {
            throw new IOException("Tidemark's PostgreSQL cannot be asked", e);
        }
    }

    public TidemarkServer tidemark() throws IOException, InterruptedException {
        return (TidemarkServer) system(Subject.TIDEMARK);
    }

    /** Another Tidemark with a PostgreSQL of its own, in which there is a {@link Crowd} of other topics; made when first asked for. */
    public TidemarkServer crowdedTidemark() throws IOException, InterruptedException {
        TidemarkServer server = crowded;
        if (server == null) {
            server = startTidemark(crowdedHome());
            crowded = server;
            Crowd.gather(server);
        }
        return server;
    }

    private Path crowdedHome() {
        return directory.resolve("tidemark-crowded");
    }

    /** Stops the Tidemark servers and starts them again on their data, with nothing in their memory. */
    public void restartTidemark() throws IOException, InterruptedException {
        LogSystem running = systems.remove(Subject.TIDEMARK);
        if (running != null) {
            running.close();
            system(Subject.TIDEMARK);
        }
        if (crowded != null) {
            crowded.close();
            crowded = startTidemark(crowdedHome());
        }
    }

    /** A file of values of that size. */
    public Path payloads(int size) throws IOException {
        Path file = payloads.get(size);
        if (file == null) {
            file = Payloads.write(directory, size);
            payloads.put(size, file);
        }
        return file;
    }

    /** A topic name nobody had before in this run. */
    public String newTopicName() {
        return "benchmark-" + topics++;
    }

    /** A topic of that many records that stays for the whole run; made when first asked for. */
    public String standingTopic(Subject subject, int size, int partitions, int records)
            throws IOException, InterruptedException {
        return standingTopic(system(subject), subject.id(), size, partitions, records);
    }

    /** The same on {@link #crowdedTidemark}. */
    public String crowdedStandingTopic(int size, int partitions, int records) throws IOException, InterruptedException {
        return standingTopic(crowdedTidemark(), "crowded", size, partitions, records);
    }

    private String standingTopic(LogSystem system, String where, int size, int partitions, int records)
            throws IOException, InterruptedException {
        String key = where + "/" + size + "/" + partitions;
        String topic = standingTopics.get(key);
        if (topic == null) {
            topic = newTopicName();
            system.createTopic(topic, partitions);
            measure(system, system.producer(topic, records, payloads(size)));
            standingTopics.put(key, topic);
        }
        return topic;
    }

    /** Runs a tool in its warm process and reads what everybody used meanwhile. */
    public Sample measure(LogSystem system, Tool tool) throws IOException, InterruptedException {
        WarmJvm client = client(tool);
        ProcessTable before = ProcessTable.read();
        Usage usageBefore = system.usage(before);
        ToolResult result = tool.reader().apply(run(client, tool));
        ProcessTable after = ProcessTable.read();
        Usage usageAfter = system.usage(after);
        return new Sample(
                result.records(),
                result.seconds(),
                new CpuSeconds(
                        client.cpuSeconds(after) - client.cpuSeconds(before),
                        usageAfter.serverCpuSeconds() - usageBefore.serverCpuSeconds(),
                        usageAfter.postgresCpuSeconds() - usageBefore.postgresCpuSeconds()),
                usageAfter.logBytes() - usageBefore.logBytes(),
                result.latency());
    }

    private List<String> run(WarmJvm client, Tool tool) throws IOException, InterruptedException {
        try {
            return client.run(tool.mainClass(), tool.arguments());
        } catch (IOException e) {
            // Whoever comes next gets a process without its traces.
            clients.remove(tool.role());
            client.close();
            throw e;
        }
    }

    /** The process that runs tools of that role; started when first wanted. */
    public WarmJvm client(Tool tool) throws IOException {
        WarmJvm client = clients.get(tool.role());
        if (client == null) {
            client = WarmJvm.start(tool.role(), tool.classpath(), directory);
            clients.put(tool.role(), client);
        }
        return client;
    }

    /** Writes everything the systems left in the operating system's memory to disk, so that nobody runs while it does so for somebody else. */
    public void syncDisks() throws IOException, InterruptedException {
        Process sync = new ProcessBuilder("sync").inheritIO().start();
        if (!sync.waitFor(SYNC_TIMEOUT_S, TimeUnit.SECONDS)) {
            sync.destroyForcibly();
            throw new IOException("the disks were not written to within " + SYNC_TIMEOUT_S + " s");
        }
    }

    /** Of the PostgreSQL under Tidemark; empty when the run did not need it. */
    public Map<String, String> postgresSettings() throws SQLException {
        LogSystem tidemark = systems.get(Subject.TIDEMARK);
        return tidemark == null
                ? Map.of()
                : ((TidemarkServer) tidemark).postgres().settings();
    }

    /** Where data and logs lie. */
    public Path directory() {
        return directory;
    }

    /** Copies what servers, brokers and clients have said so far, before it goes with everything else. */
    public void saveLogs(Path target) throws IOException {
        Files.createDirectories(target);
        try (Stream<Path> files = Files.walk(directory, LOG_DEPTH)) {
            for (Path log : files.filter(file -> file.toString().endsWith(".log") && Files.isRegularFile(file))
                    .toList()) {
                String name = directory.relativize(log).toString().replace(File.separatorChar, '-');
                Files.copy(log, target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** Clients first, then the systems. */
    @Override
    public void close() {
        clients.values().forEach(WarmJvm::close);
        clients.clear();
        systems.values().forEach(LogSystem::close);
        systems.clear();
        if (crowded != null) {
            crowded.close();
            crowded = null;
        }
    }
}
