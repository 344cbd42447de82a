package dev.tidemark.integration.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/** Change events, one JSON object a line, keyed by their path: those of a file, or made ones. */
record Events(List<Event> all) {
    private static final Pattern PATH = Pattern.compile("\"path\": ?\"([^\"]*)\"");
    private static final int MADE = 1_000;

    record Event(String key, String json) {}

    /** Read from {@code -Dtidemark.chaos.events=FILE}, plain or {@code .gz}; made where it names none. */
    static Events load() {
        String file = System.getProperty("tidemark.chaos.events");
        return file == null ? made() : read(Path.of(file));
    }

    private static Events made() {
        return new Events(IntStream.range(0, MADE)
                .mapToObj(i -> event("{\"path\":\"src/File" + i % 97 + ".java\",\"change\":\""
                        + (i % 7 == 0 ? "deleted" : "modified") + "\",\"subject\":\"change " + i + "\"}"))
                .toList());
    }

    private static Events read(Path file) {
        try (InputStream bytes = Files.newInputStream(file);
                InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(bytes) : bytes;
                BufferedReader lines = new BufferedReader(new InputStreamReader(plain, UTF_8))) {
            return new Events(lines.lines().map(Events::event).collect(Collectors.toList()));
        } catch (IOException e) {
            throw new IllegalArgumentException("tidemark.chaos.events: cannot read " + file, e);
        }
    }

    private static Event event(String json) {
        Matcher path = PATH.matcher(json);
        return new Event(path.find() ? path.group(1) : "", json);
    }

    /** For ever, in a loop. */
    Event at(long number) {
        return all.get((int) (number % all.size()));
    }
}
