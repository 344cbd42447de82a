package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.measure.ProcessTable;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A private one-node Kafka broker (KRaft, controller and broker in one process) on free ports of 127.0.0.1. */
public final class KafkaBroker implements LogSystem {
    private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
    private static final Duration POLL = Duration.ofMillis(100);

    /** As in Kafka's own start script. */
    private static final List<String> BROKER_OPTIONS = List.of(
            "-Xms1g",
            "-Xmx1g",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent",
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    /** What Kafka's documentation advises for throughput; everything else is default, so acks=all, idempotent, uncompressed. */
    public static final List<String> PRODUCER_SETTINGS = List.of("batch.size=65536", "linger.ms=5");

    /** Any valid one will do: the cluster lives for one run. */
    private static final String CLUSTER_ID = "dGlkZW1hcmstYmVuY2htYQ";

    private final String name;
    private final List<Path> classpath;
    private final Path directory;
    private final int port;
    private final WarmJvm admin;
    private final Process process;

    private KafkaBroker(String name, List<Path> classpath, Path directory, int port, WarmJvm admin, Process process) {
        this.name = name;
        this.classpath = classpath;
        this.directory = directory;
        this.port = port;
        this.admin = admin;
        this.process = process;
    }

    /**
     * Starts a broker with fresh data and waits until it answers.
     *
     * @param name of this broker and its clients, in logs
     * @param flushEveryBatch fsync each appended batch before acknowledging it; as shipped Kafka leaves that to the operating system
     */
    public static KafkaBroker start(String name, List<Path> classpath, Path directory, boolean flushEveryBatch)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        int port = freePort();
        Path properties = directory.resolve("server.properties");
        Files.writeString(properties, properties(directory, port, freePort(), flushEveryBatch));
        Path log = directory.resolve("broker.log");
        runToEnd(
                command(classpath, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties.toString()),
                log);
        Process process = new ProcessBuilder(command(classpath, "kafka.Kafka", properties.toString()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        try {
            awaitListening(process, port, log);
            WarmJvm admin = WarmJvm.start(name + "-admin", classpath, directory);
            return new KafkaBroker(name, classpath, directory, port, admin, process);
        } catch (IOException | InterruptedException e) {
            Processes.stop(process);
            throw e;
        }
    }

    private static List<String> command(List<Path> classpath, String main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Java.executable());
        command.addAll(BROKER_OPTIONS);
        command.addAll(List.of("-cp", Java.classpath(classpath), main));
        command.addAll(List.of(arguments));
        return command;
    }

    /**
     * What a one-node broker must be told, and nothing about speed but the flush: the first group says where things are, the second that there is one
     * node to keep Kafka's own topics, the third that deleted topics (there are many here) leave the disk at once.
     */
    private static String properties(Path directory, int port, int controllerPort, boolean flushEveryBatch) {
        String text = """
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@127.0.0.1:%2$d
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
                controller.listener.names=CONTROLLER
                inter.broker.listener.name=PLAINTEXT
                listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
                log.dirs=%3$s

                offsets.topic.replication.factor=1
                offsets.topic.num.partitions=4
                transaction.state.log.replication.factor=1
                transaction.state.log.min.isr=1
                transaction.state.log.num.partitions=4
                share.coordinator.state.topic.replication.factor=1
                share.coordinator.state.topic.min.isr=1
                share.coordinator.state.topic.num.partitions=4
                group.initial.rebalance.delay.ms=0

                log.segment.delete.delay.ms=0
                """.formatted(port, controllerPort, directory.resolve("data"));
        return flushEveryBatch ? text + "log.flush.interval.messages=1\n" : text;
    }

    private static void runToEnd(List<String> command, Path log) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(START_TIMEOUT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("Kafka's storage was not formatted; the end of " + log + ":\n" + LogTail.of(log));
        }
    }

    private static void awaitListening(Process process, int port, Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (!isListening(port)) {
            if (System.nanoTime() > deadline || process.waitFor(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("the Kafka broker did not start; the end of " + log + ":\n" + LogTail.of(log));
            }
        }
    }

    private static boolean isListening(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private String bootstrapServer() {
        return "127.0.0.1:" + port;
    }

    @Override
    public Usage usage(ProcessTable processes) throws IOException {
        return new Usage(processes.cpuSeconds(process.pid()), Double.NaN, segmentBytes());
    }

    private double segmentBytes() throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("data"))) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .filter(file -> !file.toString().contains("-delete" + File.separator))
                    .mapToLong(KafkaBroker::size)
                    .sum();
        } catch (UncheckedIOException e) {
            return Double.NaN; // A directory was deleted while we walked.
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void createTopic(String name, int partitions) throws IOException, InterruptedException {
        admin.run("KafkaTopics", List.of("create", bootstrapServer(), name, Integer.toString(partitions)));
    }

    @Override
    public void deleteTopic(String name) throws IOException, InterruptedException {
        admin.run("KafkaTopics", List.of("delete", bootstrapServer(), name));
    }

    @Override
    public Tool producer(String topic, int records, Path payloads) {
        List<String> arguments = new ArrayList<>(Tool.words(
                "--bootstrap-server",
                bootstrapServer(),
                "--topic",
                topic,
                "--num-records",
                records,
                "--throughput",
                -1,
                "--payload-file",
                payloads,
                "--command-property"));
        arguments.addAll(PRODUCER_SETTINGS);
        return new Tool(
                name + "-producer",
                classpath,
                "org.apache.kafka.tools.ProducerPerformance",
                arguments,
                KafkaOutput::produced);
    }

    @Override
    public Tool consumer(String topic, int records) {
        List<String> arguments = Tool.words(
                "--bootstrap-server",
                bootstrapServer(),
                "--topic",
                topic,
                "--num-records",
                records,
                "--timeout",
                30_000);
        return new Tool(
                name + "-consumer",
                classpath,
                "org.apache.kafka.tools.ConsumerPerformance",
                arguments,
                KafkaOutput::consumed);
    }

    @Override
    public Tool latency(String topic, LatencySettings settings) {
        return Tool.ours(
                name + "-latency",
                classpath,
                "KafkaLatency",
                "--bootstrap-server",
                bootstrapServer(),
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

    @Override
    public void close() {
        admin.close();
        Processes.stop(process);
    }
}
