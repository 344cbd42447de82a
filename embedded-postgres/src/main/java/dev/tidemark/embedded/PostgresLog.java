package dev.tidemark.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Why PostgreSQL did not start, in its own words. */
final class PostgresLog {
    private static final Pattern FAILURE = Pattern.compile("(?:FATAL|PANIC): +(.*)");

    private PostgresLog() {}

    /**
     * The last fatal message in the files written since then: what comes before logging starts goes to another file than what comes after.
     */
    static String lastFailure(Path folder, Instant since) {
        try {
            for (Path file : newestFirst(folder, since)) {
                // Latin-1 reads anything.
                String text = Files.readString(file, StandardCharsets.ISO_8859_1);
                Matcher failure = FAILURE.matcher(text);
                String last = failure.results().map(found -> found.group(1)).reduce("", (first, second) -> second);
                if (!last.isEmpty()) {
                    return last;
                }
            }
        } catch (IOException unreadable) {
            return "and its log cannot be read: " + unreadable.getMessage();
        }
        return "see " + folder;
    }

    private static List<Path> newestFirst(Path folder, Instant since) throws IOException {
        Comparator<Path> byTime = Comparator.comparingLong(file -> file.toFile().lastModified());
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toFile().lastModified() >= since.toEpochMilli())
                    .sorted(byTime.reversed())
                    .toList();
        }
    }
}
