package dev.tidemark.benchmarks.profile;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.measure.Sample;
import dev.tidemark.benchmarks.system.FlightRecorder;
import dev.tidemark.benchmarks.system.Stage;
import dev.tidemark.benchmarks.system.TidemarkServer;
import dev.tidemark.benchmarks.system.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The main behind {@code benchmarks/profile}: records server and client with JDK Flight Recorder while one producer or consumer runs. */
public final class Profile {
    private static final int WARM_UP_RUNS = 3;

    private Profile() {}

    /** {@code --what produce|consume --size --partitions --records --output --tidemark}, all with defaults. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        Path home = Path.of(System.getProperty("tidemark.home", ".")).toAbsolutePath();
        Path output = Path.of(arguments.text(
                        "output", home.resolve("benchmarks/target/profile").toString()))
                .toAbsolutePath();
        Path command =
                Path.of(arguments.text("tidemark", home.resolve("bin/tidemark").toString()));
        Files.createDirectories(output);
        try (Stage stage = Stage.open(output, command, List.of())) {
            run(stage, arguments, output);
        }
    }

    private static void run(Stage stage, Arguments arguments, Path output) throws Exception {
        int size = arguments.number("size", 100);
        int partitions = arguments.number("partitions", 6);
        int records = arguments.number("records", 2_000_000);
        TidemarkServer server = stage.tidemark();
        String topic = stage.newTopicName();
        server.createTopic(topic, partitions);
        Tool producer = server.producer(topic, records, stage.payloads(size));
        Tool tool = producer;
        if (arguments.text("what", "produce").equals("consume")) {
            stage.measure(server, producer);
            stage.restartTidemark();
            server = stage.tidemark();
            tool = server.consumer(topic, records);
        }
        for (int i = 0; i < WARM_UP_RUNS; i++) {
            stage.measure(server, tool);
        }
        Map<String, FlightRecorder> recorders = Map.of(
                "server", server.flightRecorder(), "client", stage.client(tool).flightRecorder());
        for (FlightRecorder recorder : recorders.values()) {
            recorder.start();
        }
        Sample sample = stage.measure(server, tool);
        System.out.printf(
                Locale.ROOT,
                "%,.0f records/s; CPU a record: client %.2f µs, server %.2f µs, PostgreSQL %.2f µs%n",
                sample.recordsPerSecond(),
                sample.microsPerRecord(sample.cpu().client()),
                sample.microsPerRecord(sample.cpu().server()),
                sample.microsPerRecord(sample.cpu().postgres()));
        for (Map.Entry<String, FlightRecorder> recorder : recorders.entrySet()) {
            Path recording = output.resolve(recorder.getKey() + ".jfr");
            recorder.getValue().stop(recording);
            System.out.println("\n" + recorder.getKey() + " (" + recording + ")\n" + HotMethods.of(recording));
        }
    }
}
