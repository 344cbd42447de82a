package dev.tidemark.benchmarks.profile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;

/** What a flight recording says at a glance: threads, methods on top of the stack, our methods anywhere in it, and what was allocated. */
final class HotMethods {
    private static final int SHOWN = 15;
    private static final String OURS = "dev.tidemark.";

    private final Map<String, Long> threads = new HashMap<>();
    private final Map<String, Long> top = new HashMap<>();
    private final Map<String, Long> oursInclusive = new HashMap<>();
    private final Map<String, Long> allocated = new HashMap<>();

    private HotMethods() {}

    static String of(Path recording) throws IOException {
        HotMethods methods = new HotMethods();
        try (RecordingFile file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                methods.add(file.readEvent());
            }
        }
        return methods.text();
    }

    private void add(RecordedEvent event) {
        switch (event.getEventType().getName()) {
            case "jdk.ExecutionSample" -> addSample(event);
            case "jdk.ObjectAllocationSample" ->
                allocated.merge(event.getClass("objectClass").getName(), event.getLong("weight"), Long::sum);
            default -> {
                // Not what we look for.
            }
        }
    }

    private void addSample(RecordedEvent event) {
        threads.merge(event.getThread("sampledThread").getJavaName(), 1L, Long::sum);
        RecordedStackTrace stack = event.getStackTrace();
        if (stack == null) {
            return;
        }
        Set<String> seen = new HashSet<>();
        boolean first = true;
        for (RecordedFrame frame : stack.getFrames()) {
            String method = name(frame.getMethod());
            if (first) {
                top.merge(method, 1L, Long::sum);
                first = false;
            }
            if (method.startsWith(OURS) && seen.add(method)) {
                oursInclusive.merge(method, 1L, Long::sum);
            }
        }
    }

    private static String name(RecordedMethod method) {
        return method.getType().getName() + "." + method.getName();
    }

    private String text() {
        long samples = sum(threads);
        return section("samples by thread", threads, samples)
                + section("samples by method on top", top, samples)
                + section("samples by method of ours, with what it calls", oursInclusive, samples)
                + section("bytes allocated by class", allocated, sum(allocated));
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String section(String title, Map<String, Long> counts, long total) {
        StringBuilder text = new StringBuilder("  " + title + "\n");
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .limit(SHOWN)
                .forEach(entry -> text.append(String.format(
                        "  %,15d %5.1f %%  %s%n", entry.getValue(), 100.0 * entry.getValue() / total, entry.getKey())));
        return text.toString();
    }
}
