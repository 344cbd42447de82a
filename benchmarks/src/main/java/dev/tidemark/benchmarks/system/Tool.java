package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.load.ToolResult;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * A client's main, and how to read what it prints.
 *
 * @param role which warm process runs it; tools of one role share one
 */
public record Tool(
        String role,
        List<Path> classpath,
        String mainClass,
        List<String> arguments,
        Function<List<String>, ToolResult> reader) {
    public Tool {
        classpath = List.copyOf(classpath);
        arguments = List.copyOf(arguments);
    }

    /** A main of {@link dev.tidemark.benchmarks.load} or its like, on the class path of this process. */
    public static Tool ours(String role, Class<?> main, Object... arguments) {
        return ours(role, Java.ownClasspath(), main.getName(), arguments);
    }

    /** A main that prints a {@link ToolResult}. */
    static Tool ours(String role, List<Path> classpath, String mainClass, Object... arguments) {
        return new Tool(role, classpath, mainClass, words(arguments), ToolResult::parse);
    }

    static List<String> words(Object... arguments) {
        return Arrays.stream(arguments).map(Object::toString).toList();
    }
}
