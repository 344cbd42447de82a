package dev.tidemark.server;

import dev.tidemark.server.access.Access;
import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.file.UnusableFileException;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.tls.TlsConfig;
import dev.tidemark.server.tls.TlsKeys;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tokens and certificate of a running server, and the watch over their files.
 *
 * @param tls null: HTTP in the clear
 */
record Security(FileWatch watch, Access access, @Nullable TlsKeys tls) implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Security.class);

    /** @throws StartException naming the file, and what is wrong with it */
    static Security of(ServerConfig config, MeterRegistry metrics) {
        FileWatch watch = new FileWatch(FileWatch.EVERY);
        try {
            SecurityConfig security = config.security();
            Path tokens = security.tokensFile();
            Access access = tokens == null
                    ? Access.toEverybody()
                    : Access.byTokens(tokens, security.anonymous(), watch, metrics);
            TlsConfig tls = security.tls();
            TlsKeys keys = tls == null ? null : TlsKeys.load(tls, watch, metrics);
            warn(config);
            return new Security(watch, access, keys);
        } catch (UnusableFileException unusable) {
            watch.close();
            throw new StartException(unusable.reason(), unusable);
        }
    }

    private static void warn(ServerConfig config) {
        SecurityConfig security = config.security();
        if (security.tokensFile() != null && security.anonymous()) {
            LOG.warn(
                    "tokens are not needed: requests without one may do everything setting={}",
                    Setting.ALLOW_ANONYMOUS);
        }
        if (security.tls() == null && !ServerConfig.isOwnMachine(config.http().host())) {
            LOG.warn("tokens and records travel unencrypted, unless something in front of the server speaks TLS");
        }
    }

    @Override
    public void close() {
        watch.close();
    }
}
