package dev.tidemark.integration.readme;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidemark.integration.server.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Java as documentation shows it: the inside of a method. */
final class JavaExample {
    private static final Path SDK = Path.of("..", "client-sdk", "src", "main", "java", "dev", "tidemark", "client");
    private static final Pattern FIRST_IN_JAVADOC = Pattern.compile("(?s)<pre>\\{@code\n(.*?)\n \\* }</pre>");

    private JavaExample() {}

    /** The first example in the documentation of one of the SDK's classes. */
    static String inJavadocOf(String className) throws IOException {
        Matcher example = FIRST_IN_JAVADOC.matcher(Files.readString(SDK.resolve(className + ".java")));
        if (!example.find()) {
            throw new AssertionError("no example in the documentation of " + className);
        }
        return example.group(1).replaceAll("(?m)^ \\* ?", "");
    }

    /**
     * Compiles the examples and runs them one after the other, in one JVM of their own.
     *
     * @param server stands in for the address of the examples
     * @param folder for the source file
     * @return what they print
     */
    static String run(List<String> imports, List<String> examples, String server, Path folder)
            throws IOException, InterruptedException {
        StringBuilder source = new StringBuilder(String.join("\n", imports)).append("\npublic class Examples {\n");
        StringBuilder main = new StringBuilder("public static void main(String[] args) {\n");
        for (int i = 0; i < examples.size(); i++) {
            String example = examples.get(i).replace("http://localhost:8080", server);
            source.append("static void example" + i + "() {\n" + example + "\n}\n");
            main.append("example" + i + "();\n");
        }
        source.append(main).append("}\n}\n");
        return run(Files.writeString(folder.resolve("Examples.java"), source));
    }

    private static String run(Path source) throws IOException, InterruptedException {
        // Java compiles a program of one file by itself.
        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        Installation.classPath(),
                        source.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(java.getInputStream().readAllBytes(), UTF_8);
        if (java.waitFor() != 0) {
            throw new AssertionError(output);
        }
        return output;
    }
}
