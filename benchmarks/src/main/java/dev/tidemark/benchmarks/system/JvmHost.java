package dev.tidemark.benchmarks.system;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Runs main methods one after the other in one JVM, so that a short round finds compiled code. Started by {@link WarmJvm}.
 *
 * <p>One line in: a class and its arguments, separated by tabs. Out: {@code ok N} and the N lines the main printed, or {@code failed} with its stack
 * trace in the log. Ends when its parent closes the pipe or dies, also in the middle of a main. Needs nothing but the JDK, so that a contestant's class
 * path holds only its own jars.
 */
public final class JvmHost {
    private JvmHost() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        PrintStream answers = System.out;
        BlockingQueue<String> commands = new ArrayBlockingQueue<>(1);
        Thread reader = new Thread(() -> readCommands(commands), "commands");
        reader.setDaemon(true);
        reader.start();
        while (true) {
            answer(commands.take(), answers);
        }
    }

    private static void readCommands(BlockingQueue<String> commands) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                commands.put(line);
            }
        } catch (IOException | InterruptedException e) {
            // As good as the end of the input.
        }
        Runtime.getRuntime().halt(0);
    }

    private static void answer(String command, PrintStream answers) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(out);
            String[] words = command.split("\t", -1);
            Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(words, 1, words.length));
        } catch (ReflectiveOperationException e) {
            e.printStackTrace();
            answers.println("failed");
            return;
        } finally {
            System.setOut(answers);
        }
        String[] lines = printed.toString(StandardCharsets.UTF_8).split("\n");
        answers.println("ok " + lines.length);
        for (String line : lines) {
            answers.println(line);
        }
    }
}
