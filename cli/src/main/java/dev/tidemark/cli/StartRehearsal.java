package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Does once what short commands do, for a JVM that then archives the classes this took ({@code -XX:ArchiveClassesAtExit}). With the archive a short command
 * takes about a third less time. {@code bin/tidemark} runs it after a build.
 */
final class StartRehearsal {
    private StartRehearsal() {}

    public static void main(String[] args) throws IOException {
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(anyPort, 0);
        server.createContext("/v1/topics", StartRehearsal::answerWithoutTopics);
        server.start();
        Streams nowhere = new Streams(
                InputStream.nullInputStream(),
                OutputStream.nullOutputStream(),
                new PrintStream(OutputStream.nullOutputStream(), false, UTF_8),
                false);
        int port = server.getAddress().getPort();
        int listed = TidemarkCli.run(nowhere, "topics", "list", "--server", "http://127.0.0.1:" + port);
        // Nobody answers, which is as far as this gets without a database.
        TidemarkCli.run(nowhere, "sql", "select 1", "--jdbc-url", "jdbc:postgresql://127.0.0.1:1/none?user=nobody");
        server.stop(0);
        System.exit(listed);
    }

    private static void answerWithoutTopics(HttpExchange exchange) throws IOException {
        byte[] answer = "{\"topics\":[]}".getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }
}
