package dev.tidemark.server.access;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.file.UnusableFileException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door to who may do what: finds the principal behind a request's token. A change of the tokens file holds from a request's next on, within about two seconds. Thread-safe; neither blocks nor takes a lock, so
 * that a stranger who tries tokens costs a hash each and nothing else.
 */
public final class Access {
    private static final Logger LOG = LoggerFactory.getLogger(Access.class);
    private static final Pattern BEARER = Pattern.compile("bearer +(\\S+) *", Pattern.CASE_INSENSITIVE);
    private static final String HOW = "send one as Authorization: Bearer TOKEN";

    /** Null: nobody is asked for a token. */
    private final @Nullable Path file;

    private final boolean anonymousToo;
    private final RefusalLog refusals = new RefusalLog();
    private final @Nullable MeterRegistry metrics;
    private volatile Map<Token.Hash, Principal> principals = Map.of();
    private volatile boolean stale;

    private Access(@Nullable Path file, boolean anonymousToo, @Nullable MeterRegistry metrics) {
        this.file = file;
        this.anonymousToo = anonymousToo;
        this.metrics = metrics;
    }

    /** Everybody may do everything, and is {@link Principal#ANONYMOUS}. Tokens are not looked at. */
    public static Access toEverybody() {
        return new Access(null, true, null);
    }

    /**
     * By the tokens of a file, which is read again whenever it changes. A file that is broken then leaves the tokens as they were, and {@code tidemark_access_tokens_stale} says so.
     *
     * @param anonymousToo whether requests without a token are let in as well, to do everything: for the time in which clients are given theirs
     * @throws UnusableFileException naming the file and the line at fault
     */
    public static Access byTokens(Path file, boolean anonymousToo, FileWatch watch, MeterRegistry metrics) {
        Access access = new Access(file, anonymousToo, metrics);
        watch.watch(List.of(file), access::reload);
        access.take(TokensFile.read(file));
        Gauge.builder("tidemark.access.tokens", access, of -> of.principals.size())
                .description("Tokens the server knows")
                .register(metrics);
        Gauge.builder("tidemark.access.tokens.stale", access, of -> of.stale ? 1 : 0)
                .description("1 while the tokens file cannot be used as it is, and the tokens read before are in force")
                .register(metrics);
        return access;
    }

    private void take(Map<Token.Hash, Principal> read) {
        principals = read;
        stale = false;
        LOG.info("tokens read file={} tokens={}", file, read.size());
        String openTo = file == null ? null : TokensFile.openTo(file);
        if (openTo != null) {
            LOG.warn("tokens file should be its owner's alone: {} file={}", openTo, file);
        }
    }

    private void reload() {
        if (file == null) {
            return;
        }
        try {
            take(TokensFile.read(file));
        } catch (UnusableFileException broken) {
            stale = true;
            LOG.error(
                    "tokens file cannot be used, the tokens read before stay in force reason=\"{}\"", broken.reason());
        }
    }

    /**
     * The principal of a request.
     *
     * @param authorization the values of its {@code Authorization} headers
     * @param client where it comes from, for the log
     * @throws ApiException SASL_AUTHENTICATION_FAILED
     */
    public Principal authenticate(List<String> authorization, String client) {
        if (file == null) {
            return Principal.ANONYMOUS;
        }
        if (authorization.isEmpty()) {
            if (anonymousToo) {
                return Principal.ANONYMOUS;
            }
            throw refused("no_token", "the request shows no token; " + HOW, client);
        }
        Matcher bearer = BEARER.matcher(authorization.get(0));
        if (authorization.size() > 1 || !bearer.matches()) {
            throw refused("not_bearer", "the Authorization header is no single bearer token; " + HOW, client);
        }
        String token = bearer.group(1);
        Principal principal = Token.isWellFormed(token) ? principals.get(Token.hash(token)) : null;
        if (principal == null) {
            throw refused("unknown_token", "the token is not one this server knows", client);
        }
        return principal;
    }

    private ApiException refused(String reason, String detail, String client) {
        refusals.refused(reason, client);
        if (metrics != null) {
            Counter.builder("tidemark.access.refused")
                    .description("Requests refused for their token, by reason")
                    .tag("reason", reason)
                    .register(metrics)
                    .increment();
        }
        return new ApiException(ErrorCode.SASL_AUTHENTICATION_FAILED, detail);
    }
}
