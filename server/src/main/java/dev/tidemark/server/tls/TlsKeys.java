package dev.tidemark.server.tls;

import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.file.UnusableFileException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The door to the server's certificate and key: checked when read, and read again when the files change. Thread-safe. */
public final class TlsKeys {
    private static final Logger LOG = LoggerFactory.getLogger(TlsKeys.class);

    /** Of a store that never leaves memory. */
    private static final String STORE_PASSWORD = "in memory";

    private final TlsConfig config;
    private volatile KeyMaterial current;
    private volatile boolean stale;
    private volatile Renewal renewed = store -> {};

    /** Who serves with the certificate. */
    public interface Renewal {
        /**
         * Serves with another from now on.
         *
         * @throws GeneralSecurityException when that cannot be done; what was served with before is still
         */
        void take(KeyStore store) throws GeneralSecurityException;
    }

    private TlsKeys(TlsConfig config, FileWatch watch) {
        this.config = config;
        // Before the first reading, so that no change falls between.
        watch.watch(config.files(), this::reload);
        this.current = read(config);
    }

    /**
     * Reads and checks them. Files that cannot be used when they have changed, or served with, leave what was read before in use, and {@code tidemark_tls_certificate_stale} says so.
     *
     * @throws UnusableFileException in one line: a file that is not there, a wrong password, a key that does not fit its certificate
     */
    public static TlsKeys load(TlsConfig config, FileWatch watch, MeterRegistry metrics) {
        TlsKeys keys = new TlsKeys(config, watch);
        keys.tell();
        Gauge.builder(
                        "tidemark.tls.certificate.expires",
                        keys,
                        of -> of.current.notAfter().getEpochSecond())
                .description("When the certificate in use expires, in seconds since 1970")
                .baseUnit("seconds")
                .register(metrics);
        Gauge.builder("tidemark.tls.certificate.stale", keys, of -> of.stale ? 1 : 0)
                .description(
                        "1 while the certificate's files cannot be used as they are, and those read before are in use")
                .register(metrics);
        return keys;
    }

    private static KeyMaterial read(TlsConfig config) {
        if (config instanceof TlsConfig.Pem pem) {
            return PemFiles.read(pem);
        }
        return KeystoreFile.read((TlsConfig.Keystore) config);
    }

    private void reload() {
        try {
            KeyMaterial fresh = read(config);
            renewed.take(fresh.keyStore(STORE_PASSWORD.toCharArray()));
            current = fresh;
            stale = false;
            tell();
        } catch (UnusableFileException broken) {
            stale = true;
            LOG.error("certificate cannot be renewed, the one read before stays in use reason=\"{}\"", broken.reason());
        } catch (GeneralSecurityException unfit) {
            stale = true;
            LOG.error("certificate was read but cannot be served with, the one before stays in use", unfit);
        }
    }

    private void tell() {
        KeyMaterial material = current;
        LOG.info("certificate read subject=\"{}\" expires={}", material.subject(), material.notAfter());
        Instant now = Instant.now();
        if (material.notAfter().isBefore(now) || material.notBefore().isAfter(now)) {
            LOG.warn(
                    "certificate is not valid now, clients will refuse it subject=\"{}\" from={} until={}",
                    material.subject(),
                    material.notBefore(),
                    material.notAfter());
        }
    }

    /** A store with the certificate in use and its key, which both have {@link #storePassword} as password. */
    public KeyStore keyStore() {
        return current.keyStore(STORE_PASSWORD.toCharArray());
    }

    public String storePassword() {
        return STORE_PASSWORD;
    }

    /** Who is to have a new store whenever there is a new certificate; one at most, called on the watch's thread. */
    public void onRenewal(Renewal taker) {
        renewed = taker;
    }
}
