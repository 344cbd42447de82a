package dev.tidemark.cli;

import dev.tidemark.client.AdminBuilder;
import dev.tidemark.client.ConsumerBuilder;
import dev.tidemark.client.ProducerBuilder;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import java.nio.file.Path;
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

    @Option(
            names = "--ca-cert",
            paramLabel = "FILE",
            defaultValue = "${env:TIDEMARK_CA_CERT}",
            description = "For https: the certificates of the CAs to trust, PEM or a truststore (its password in"
                    + " TIDEMARK_CA_CERT_PASSWORD).%nDefault: $TIDEMARK_CA_CERT, else those Java trusts")
    private @Nullable String caCert;

    /** The first a command asks for: fails at once when nobody listens. */
    TidemarkAdmin admin() {
        TidemarkAdmin admin;
        try {
            AdminBuilder builder = TidemarkAdmin.builder().servers(servers()).token(token());
            admin = (hasCaCert() ? builder.caCertificates(caCert(), caCertPassword()) : builder).build();
        } catch (IllegalArgumentException e) {
            throw wrongUsage(e);
        }
        ServerProbe.requireOneThatListens(servers());
        return admin;
    }

    ProducerBuilder<byte[], byte[]> producer() {
        try {
            ProducerBuilder<byte[], byte[]> builder =
                    TidemarkProducer.builder().servers(servers()).token(token());
            return hasCaCert() ? builder.caCertificates(caCert(), caCertPassword()) : builder;
        } catch (IllegalArgumentException e) {
            throw wrongUsage(e);
        }
    }

    ConsumerBuilder<byte[], byte[]> consumer() {
        try {
            ConsumerBuilder<byte[], byte[]> builder =
                    TidemarkConsumer.builder().servers(servers()).token(token());
            return hasCaCert() ? builder.caCertificates(caCert(), caCertPassword()) : builder;
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

    private boolean hasCaCert() {
        return caCert != null && !caCert.isEmpty();
    }

    private Path caCert() {
        return Path.of(Objects.requireNonNull(caCert));
    }

    /** Not an option: anybody on the machine may read a command line. */
    private static @Nullable String caCertPassword() {
        return System.getenv("TIDEMARK_CA_CERT_PASSWORD");
    }

    private ParameterException wrongUsage(IllegalArgumentException e) {
        return new ParameterException(
                Objects.requireNonNull(command, "set by picocli").commandLine(), String.valueOf(e.getMessage()), e);
    }
}
