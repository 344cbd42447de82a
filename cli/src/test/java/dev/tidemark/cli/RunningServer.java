package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server over a database of the test class's own, and commands that speak to it, all in this JVM. */
final class RunningServer implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    private static final AtomicInteger TOPICS = new AtomicInteger();

    private final TestDatabase database = new TestDatabase();
    private Server server;

    @Override
    public void beforeAll(ExtensionContext context) {
        database.beforeAll(context);
        List<String> flags = List.of("--http-port", "0", "--jdbc-url", database.jdbcUrl());
        server = Server.start(ServerConfig.read(flags, Map.of()));
    }

    String jdbcUrl() {
        return database.jdbcUrl();
    }

    String address() {
        return server.address().toString();
    }

    /** Makes a topic nobody else uses and returns its name. */
    String newTopic(String... options) {
        String name = "topic-" + TOPICS.incrementAndGet();
        List<String> create = new ArrayList<>(List.of("topics", "create", name));
        create.addAll(List.of(options));
        run(create.toArray(String[]::new)).quietly();
        return name;
    }

    Ran run(String... arguments) {
        return runOn(new byte[0], arguments);
    }

    Ran runOn(String input, String... arguments) {
        return runOn(input.getBytes(UTF_8), arguments);
    }

    /** @param input what the command finds on standard input */
    Ran runOn(byte[] input, String... arguments) {
        return run(address(), input, arguments);
    }

    /** @param address where the command is to find a server, instead of here */
    static Ran runAt(String address, String... arguments) {
        return run(address, new byte[0], arguments);
    }

    private static Ran run(String address, byte[] input, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--server", address));
        return Ran.of(input, all);
    }

    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
        database.afterEach(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (server != null) {
            server.close();
        }
        database.afterAll(context);
    }
}
