package dev.tidemark.cli;

import dev.tidemark.client.ConsumerBuilder;
import dev.tidemark.client.ProducerBuilder;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which servers a command speaks to, and as whom. */
final class ServerOptions {
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(
            names = "--server",
            paramLabel = "URL[,URL]",
            defaultValue = "${env:TIDEMARK_SERVER}",
            description =
                    "The server, or several over one database.%nDefault: $TIDEMARK_SERVER, else http://localhost:8080")
    private @Nullable String servers;

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            defaultValue = "${env:TIDEMARK_TOKEN}",
            description = "The bearer token to show the server. Anybody on this machine may read a command line:"
                    + " prefer the environment.%nDefault: $TIDEMARK_TOKEN, else none")
    private @Nullable String token;

    /** The first a command asks for: fails at once when nobody listens. */
    TidemarkAdmin admin() {
        TidemarkAdmin admin;
        try {
            admin = TidemarkAdmin.builder().servers(servers()).token(token()).build();
        } catch (IllegalArgumentException e) {
            throw wrongUsage(e);
        }
        ServerProbe.requireOneThatListens(servers());
        return admin;
    }

    ProducerBuilder<byte[], byte[]> producer() {
        try {
            return TidemarkProducer.builder().servers(servers()).token(token());
        } catch (IllegalArgumentException e) {
            throw wrongUsage(e);
        }
    }

    ConsumerBuilder<byte[], byte[]> consumer() {
        try {
            return TidemarkConsumer.builder().servers(servers()).token(token());
        } catch (IllegalArgumentException e) {
            throw wrongUsage(e);
        }
    }

    // Scripts pass on variables that may be empty.

    private String servers() {
        return servers == null || servers.isBlank() ? "http://localhost:8080" : servers;
    }

    private @Nullable String token() {
        return token == null || token.isEmpty() ? null : token;
    }

    private ParameterException wrongUsage(IllegalArgumentException e) {
        return new ParameterException(
                Objects.requireNonNull(command, "set by picocli").commandLine(), String.valueOf(e.getMessage()), e);
    }
}
