package dev.tidemark.integration.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A folder with {@code bin/tidemark} in it, the script itself, and beside it the {@code lib} of an unpacked distribution: a jar that leads to the classes under
 * test. A clone's own script would begin a build in the middle of this one wherever it finds the last one out of date.
 */
public final class Installation {
    private static final Path SCRIPT = Path.of("..", "bin", "tidemark");

    private final Path folder;
    private final Map<String, String> environment;

    private Installation(Path folder, Map<String, String> environment) {
        this.folder = folder;
        this.environment = environment;
    }

    public static Installation in(Path folder) throws IOException {
        Path script = Files.createDirectories(folder.resolve("bin")).resolve("tidemark");
        Files.copy(SCRIPT, script);
        writeJar(Files.createDirectories(folder.resolve("lib")).resolve("tidemark-cli-under-test.jar"));
        return new Installation(
                folder,
                Map.of(
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        // Over before the better compiler would pay.
                        "TIDEMARK_JAVA_OPTS",
                        "-XX:TieredStopAtLevel=1 -Xmx512m"));
    }

    private static void writeJar(Path jar) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "dev.tidemark.cli.TidemarkCli");
        manifest.getMainAttributes()
                .put(
                        Attributes.Name.CLASS_PATH,
                        entries()
                                .map(Path::of)
                                .map(Path::toUri)
                                .map(URI::toString)
                                .collect(Collectors.joining(" ")));
        try (OutputStream file = Files.newOutputStream(jar)) {
            new JarOutputStream(file, manifest).close();
        }
    }

    /** What runs in production: without the tests' own classes, whose logging is another. */
    public static String classPath() {
        return entries().collect(Collectors.joining(File.pathSeparator));
    }

    private static Stream<String> entries() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.matches(".*(test-classes|-tests\\.jar)"));
    }

    /** The same with another variable in the environment of what runs. */
    public Installation with(String variable, String value) {
        Map<String, String> more = new LinkedHashMap<>(environment);
        more.put(variable, value);
        return new Installation(folder, more);
    }

    /** A process that has this folder as its working directory and knows of no other Tidemark. */
    public ProcessBuilder process(String... command) {
        ProcessBuilder process = new ProcessBuilder(List.of(command)).directory(folder.toFile());
        // Nor of options for every Java, which Java remarks upon.
        process.environment()
                .keySet()
                .removeIf(variable -> variable.matches("TIDEMARK_.*|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS"));
        process.environment().putAll(environment);
        return process;
    }

    /** Runs a line in a shell, as one pastes it into a terminal; {@code output} has what a terminal would show. */
    public Shown shell(String line) throws IOException, InterruptedException {
        Process process = process("bash", "-c", line).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Shown(process.waitFor(), output);
    }

    /** What became of a line given to a shell. */
    public record Shown(int exitCode, String output) {}
}
