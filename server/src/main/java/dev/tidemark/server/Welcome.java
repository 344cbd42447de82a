package dev.tidemark.server;

import dev.tidemark.embedded.EmbeddedPostgres;
import java.net.URI;

/** What a person reads once the server is ready: where everything is, and two lines that work when pasted. */
final class Welcome {
    private static final String TOPIC = "greetings";
    private static final int DEFAULT_PORT = 8080;

    private Welcome() {}

    static String text(Server server) {
        String command = System.getProperty("tidemark.command", "bin/tidemark");
        URI address = server.address();
        boolean isDefault = address.getPort() == DEFAULT_PORT && "http".equals(address.getScheme());
        String option = isDefault ? "" : " --server " + address;
        String create = server.hasTopic(TOPIC) ? "" : command + " topics create " + TOPIC + option + " && ";
        return """

                Tidemark is ready.

                  HTTP   %s
                %s
                Try, in another terminal%s:

                  %secho 'Hello, log' | %s produce %s%s
                  %s consume %s --from earliest --exit-at-end%s

                """.formatted(
                        server.address(),
                        databaseLines(server),
                        server.asksForTokens() ? ", with a token for everything in TIDEMARK_TOKEN" : "",
                        create,
                        command,
                        TOPIC,
                        option,
                        command,
                        TOPIC,
                        option);
    }

    /** A database somebody else runs is shown without its password; who started us has it. */
    private static String databaseLines(Server server) {
        EmbeddedPostgres embedded = server.embeddedPostgres();
        if (embedded == null) {
            return "  JDBC   " + server.database().location() + "\n";
        }
        return "  JDBC   " + embedded.jdbcUrl() + "\n  libpq  " + embedded.libpqUri() + "\n";
    }
}
