package dev.tidemark.benchmarks.measure;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One look at Linux's /proc: who is whose child, and how much CPU each process has used.
 *
 * <p>A process's CPU counts its own and that of the children it has already buried, so the sum over a living tree loses nothing when a member ends
 * between two looks. Where there is no /proc the table is empty and {@link #cpuSeconds} is NaN.
 */
public final class ProcessTable {
    /** The kernel reports in USER_HZ, which is 100 on every architecture Linux runs Java on. */
    private static final double TICKS_PER_SECOND = 100.0;

    private static final Path PROC = Path.of("/proc");

    private final Map<Long, Entry> entries;
    private final Map<Long, List<Long>> children = new HashMap<>();

    record Entry(long pid, long parent, long ticks) {}

    ProcessTable(Collection<Entry> entries) {
        this.entries = new HashMap<>();
        for (Entry entry : entries) {
            this.entries.put(entry.pid(), entry);
            children.computeIfAbsent(entry.parent(), p -> new ArrayList<>()).add(entry.pid());
        }
    }

    public static ProcessTable read() {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                readEntry(process, entries);
            }
        } catch (IOException e) {
            return new ProcessTable(List.of());
        }
        return new ProcessTable(entries);
    }

    private static void readEntry(Path process, List<Entry> entries) {
        try {
            entries.add(parse(Files.readString(process.resolve("stat"))));
        } catch (IOException e) {
            // It ended while we were looking; its parent has its CPU now.
        }
    }

    /** Reads a line of /proc/PID/stat. The name, in parentheses, may itself hold spaces and parentheses. */
    static Entry parse(String stat) {
        long pid = Long.parseLong(stat.substring(0, stat.indexOf(' ')));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
        long ticks = 0;
        for (int i = 11; i <= 14; i++) { // utime, stime, cutime, cstime: fields 14 to 17 of the whole line
            ticks += Long.parseLong(fields[i]);
        }
        return new Entry(pid, Long.parseLong(fields[1]), ticks);
    }

    /** @return the parent's process id, or -1 when the process is unknown */
    public long parentOf(long pid) {
        Entry entry = entries.get(pid);
        return entry == null ? -1 : entry.parent();
    }

    /** CPU seconds (user and system) of a process and its descendants, without those under {@code except}. */
    public double cpuSeconds(long root, long... except) {
        if (!entries.containsKey(root)) {
            return Double.NaN;
        }
        Set<Long> seen = new HashSet<>();
        for (long pid : except) {
            seen.add(pid);
        }
        long ticks = 0;
        Deque<Long> open = new ArrayDeque<>(List.of(root));
        while (!open.isEmpty()) {
            long pid = open.pop();
            Entry entry = entries.get(pid);
            if (entry != null && seen.add(pid)) {
                ticks += entry.ticks();
                children.getOrDefault(pid, List.of()).forEach(open::push);
            }
        }
        return ticks / TICKS_PER_SECOND;
    }
}
