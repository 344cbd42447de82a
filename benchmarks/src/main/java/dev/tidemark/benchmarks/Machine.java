package dev.tidemark.benchmarks;

import dev.tidemark.benchmarks.measure.Spread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What the figures depend on and the code does not decide. */
final class Machine {
    private static final int FSYNCS = 200;
    private static final int PAGE_BYTES = 8192;

    private Machine() {}

    /** @param disk a folder on the disk that is measured */
    static Map<String, String> facts(Path disk) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("machine", Runtime.getRuntime().availableProcessors() + " cores" + memory());
        facts.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        facts.put("Java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        facts.put(
                "disk",
                String.format(
                        Locale.ROOT,
                        "%s, fdatasync of an 8 KB write %.0f µs (median of %d)",
                        Files.getFileStore(disk).type(),
                        fsyncMicros(disk),
                        FSYNCS));
        return facts;
    }

    private static String memory() {
        try {
            String first = Files.readAllLines(Path.of("/proc/meminfo")).get(0);
            long kilobytes = Long.parseLong(first.replaceAll("\\D", ""));
            return ", " + Math.round(kilobytes / 1048576.0) + " GB memory";
        } catch (IOException e) {
            return "";
        }
    }

    private static double fsyncMicros(Path disk) throws IOException {
        Path file = Files.createTempFile(disk, "fsync", ".tmp");
        double[] micros = new double[FSYNCS];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int i = 0; i < FSYNCS; i++) {
                long start = System.nanoTime();
                channel.write(ByteBuffer.allocate(PAGE_BYTES), 0);
                channel.force(false);
                micros[i] = (System.nanoTime() - start) / 1e3;
            }
        } finally {
            Files.delete(file);
        }
        return Spread.of(micros).median();
    }
}
