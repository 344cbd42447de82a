package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first examples of the class documentation are compiled and run as they stand there, but for the address. */
class JavadocExamplesTest {
    private static final Path SOURCES = Path.of("src/main/java/dev/tidemark/client");
    private static final Pattern EXAMPLE = Pattern.compile("<pre>\\{@code\\n(.*?)\\n \\* }</pre>", Pattern.DOTALL);

    private final FakeBroker broker = new FakeBroker();

    @TempDir
    Path work;

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void theProducersExampleSendsARecordAndTheConsumersReadsIt() throws Exception {
        broker.createTopic("greetings", 1);
        assertThat(run("TidemarkProducer")).isEqualTo("partition 0, offset 0\n");
        assertThat(run("TidemarkConsumer")).isEqualTo("0: world = hello\n");
    }

    private String run(String documented) throws Exception {
        String code = example(documented).replace("http://localhost:8080", broker.url());
        String name = documented + "Example";
        Path source = Files.writeString(
                work.resolve(name + ".java"),
                "import dev.tidemark.client.*;\nimport java.time.Duration;\nimport java.util.*;\npublic class " + name
                        + " {\n    public static void main(String[] args) {\n" + code + "\n    }\n}\n");
        compile(source);
        PrintStream standard = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try (URLClassLoader classes = new URLClassLoader(new URL[] {work.toUri().toURL()})) {
            classes.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(standard);
        }
        return printed.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private static String example(String documented) throws IOException {
        Matcher example = EXAMPLE.matcher(Files.readString(SOURCES.resolve(documented + ".java")));
        assertThat(example.find()).as("an example in %s", documented).isTrue();
        return example.group(1).replaceAll("(?m)^ \\* ?", "");
    }

    private void compile(Path source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<String> options =
                    List.of("-classpath", System.getProperty("java.class.path"), "-d", work.toString(), "-proc:none");
            assertThat(compiler.getTask(null, files, null, options, null, files.getJavaFileObjects(source))
                            .call())
                    .isTrue();
        }
    }
}
