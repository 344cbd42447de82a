package dev.tidemark.server.http;

import dev.tidemark.server.tls.TlsKeys;
import java.security.GeneralSecurityException;
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

/**
 * HTTP over TLS 1.2 and 1.3, and the same in the clear for who does not know better: {@link Gate} tells them, where a closed connection would not. A renewed certificate is shown to connections made from then on; those that
 * are open stay.
 */
final class TlsConnector {
    private TlsConnector() {}

    static ServerConnector of(Server server, HttpConfiguration http, TlsKeys keys) {
        SslContextFactory.Server factory = new SslContextFactory.Server();
        factory.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        use(factory, keys.keyStore(), keys.storePassword());
        keys.onRenewal(store -> renew(factory, store, keys.keyStore(), keys.storePassword()));
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

    /**
     * Serves with the store's certificate, or, when that cannot be done, again with the one before: Jetty has let go of that when it finds out.
     *
     * @throws GeneralSecurityException when it cannot be done
     */
    static void renew(SslContextFactory.Server factory, KeyStore store, KeyStore before, String password)
            throws GeneralSecurityException {
        try {
            reload(factory, store, password);
        } catch (GeneralSecurityException unfit) {
            reload(factory, before, password);
            throw unfit;
        }
    }

    private static void reload(SslContextFactory.Server factory, KeyStore store, String password)
            throws GeneralSecurityException {
        try {
            factory.reload(same -> use(factory, store, password));
        } catch (Exception e) {
            throw e instanceof GeneralSecurityException unfit ? unfit : new GeneralSecurityException(e);
        }
    }
}
