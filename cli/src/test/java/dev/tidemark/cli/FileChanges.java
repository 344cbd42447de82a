package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** Real input: see the page beside {@code file-changes.jsonl}. */
final class FileChanges {
    private static final ObjectMapper JSON = new ObjectMapper();

    private FileChanges() {}

    /** As produce would read it. */
    static String text() {
        try (InputStream file = FileChanges.class.getResourceAsStream("file-changes.jsonl")) {
            return new String(file.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> lines() {
        return text().lines().toList();
    }

    /** The natural key of a line. */
    static String path(String line) {
        try {
            return JSON.readTree(line).get("path").textValue();
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
