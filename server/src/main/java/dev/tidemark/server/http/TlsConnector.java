package dev.tidemark.server.http;

import dev.tidemark.server.tls.TlsKeys;
import java.security.KeyStore;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.DetectorConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP over TLS 1.2 and 1.3, and the same in the clear for who does not know better: {@link Gate} tells them, where a closed connection would not. A renewed certificate is shown to connections made from then on; those that
 * are open stay.
 */
final class TlsConnector {
    private static final Logger LOG = LoggerFactory.getLogger(TlsConnector.class);

    private TlsConnector() {}

    static ServerConnector of(Server server, HttpConfiguration http, TlsKeys keys) {
        SslContextFactory.Server factory = new SslContextFactory.Server();
        factory.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        use(factory, keys.keyStore(), keys.storePassword());
        keys.onRenewal(store -> renew(factory, store, keys.storePassword()));
        HttpConfiguration https = new HttpConfiguration(http);
        // Which name was asked for is the client's to compare; servers are reached by address and through balancers
        // too.
        https.addCustomizer(new SecureRequestCustomizer(false));
        return new ServerConnector(
                server,
                new DetectorConnectionFactory(new SslConnectionFactory(factory, HttpVersion.HTTP_1_1.asString())),
                new HttpConnectionFactory(https));
    }

    private static void use(SslContextFactory.Server factory, KeyStore store, String password) {
        factory.setKeyStore(store);
        factory.setKeyStorePassword(password);
        factory.setKeyManagerPassword(password);
    }

    private static void renew(SslContextFactory.Server factory, KeyStore store, String password) {
        try {
            factory.reload(same -> use(factory, store, password));
        } catch (Exception e) {
            LOG.error("certificate was read but cannot be served with, the one before stays in use", e);
        }
    }
}
