package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.load.Arguments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a measurement with private servers takes place.
 *
 * @param command what starts a server: {@code --tidemark}, or {@code bin/tidemark} of this clone
 * @param folder a new one, for data and logs, under {@code --work} or {@code benchmarks/target}: a disk, not memory
 */
public record Workplace(Path command, Path folder) {
    /** Reads the system property {@code tidemark.home}, which the scripts set. @param name what the folder's name begins with */
    public static Workplace of(Arguments arguments, String name) throws IOException {
        Path home = Path.of(System.getProperty("tidemark.home", ".")).toAbsolutePath();
        Path command =
                Path.of(arguments.text("tidemark", home.resolve("bin/tidemark").toString()));
        Path parent = Path.of(
                        arguments.text("work", home.resolve("benchmarks/target").toString()))
                .toAbsolutePath();
        Files.createDirectories(parent);
        return new Workplace(command, Files.createTempDirectory(parent, name + "-"));
    }
}
