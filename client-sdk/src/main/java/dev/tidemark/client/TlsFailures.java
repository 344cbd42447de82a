package dev.tidemark.client;

import java.net.URI;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What is wrong between us and a server's TLS that trying again will not mend. */
final class TlsFailures {
    /** The JDK has two ways to say it. */
    private static final Pattern NO_TLS = Pattern.compile("(?i).*unrecognized SSL message.*");

    private TlsFailures() {}

    /** In one line for a person; null when the failure is no such thing. */
    static @Nullable String explain(URI server, Throwable thrown) {
        if (find(thrown, CertificateException.class) instanceof CertificateException refused) {
            return "the certificate of " + server + " " + why(refused);
        }
        if (find(thrown, SSLException.class) instanceof SSLException spoken
                && NO_TLS.matcher(String.valueOf(spoken.getMessage())).matches()) {
            return server + " answers without TLS; its address should begin with http://";
        }
        return null;
    }

    private static String why(CertificateException refused) {
        if (find(refused, CertPathBuilderException.class) != null) {
            return "is from a CA that is not trusted here; name the CA's certificate with caCertificates(), or --ca-cert on"
                    + " the command line";
        }
        if (find(refused, CertificateExpiredException.class) instanceof CertificateExpiredException expired) {
            return "has expired: " + expired.getMessage();
        }
        return "is refused: " + refused.getMessage();
    }

    private static @Nullable Throwable find(Throwable thrown, Class<? extends Throwable> type) {
        Throwable cause = thrown;
        // A chain of causes has no bound of its own.
        for (int depth = 0; cause != null && depth < 20; depth++) {
            if (type.isInstance(cause)) {
                return cause;
            }
            cause = cause.getCause();
        }
        return null;
    }
}
