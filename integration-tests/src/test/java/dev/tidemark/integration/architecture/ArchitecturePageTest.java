package dev.tidemark.integration.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code ARCHITECTURE.md} names only what exists: in backticks, whatever has a slash is a path, and a bare CamelCase word a class. */
class ArchitecturePageTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern IN_BACKTICKS = Pattern.compile("`([^`\n]+)`");
    private static final Pattern REPOSITORY_PATH = Pattern.compile("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?");
    private static final Pattern CLASS_NAME = Pattern.compile("([A-Z][a-z0-9]+){2,}");

    @Test
    void everyPathNamedExists() throws IOException {
        List<String> paths = named().filter(name ->
                        name.contains("/") && REPOSITORY_PATH.matcher(name).matches())
                .toList();

        assertThat(paths).isNotEmpty();
        assertThat(paths.stream().filter(path -> !Files.exists(ROOT.resolve(path))))
                .as("paths that are not there")
                .isEmpty();
    }

    @Test
    void everyClassNamedExists() throws IOException {
        Set<String> classes;
        try (Stream<Path> files = Files.walk(ROOT)) {
            classes = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
        }
        List<String> named =
                named().filter(name -> CLASS_NAME.matcher(name).matches()).toList();

        assertThat(named).isNotEmpty();
        assertThat(named.stream().filter(name -> !classes.contains(name)))
                .as("classes that are not there")
                .isEmpty();
    }

    private static Stream<String> named() throws IOException {
        return IN_BACKTICKS
                .matcher(Files.readString(ROOT.resolve("ARCHITECTURE.md")))
                .results()
                .map((MatchResult r) -> r.group(1));
    }
}
