package dev.tidemark.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Every command takes these, so that scripts may give them to all; these commands speak to no server. */
final class UnusedServerOptions {
    @Option(names = "--server", paramLabel = "URL[,URL]", description = "Taken by every command; not used by this one.")
    private @Nullable String servers;

    @Option(names = "--token", paramLabel = "TOKEN", description = "Taken by every command; not used by this one.")
    private @Nullable String token;

    @Option(names = "--ca-cert", paramLabel = "FILE", description = "Taken by every command; not used by this one.")
    private @Nullable String caCert;
}
