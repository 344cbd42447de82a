package dev.tidemark.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL of the server's own in a folder of its own. Durable: fsync is on, and what was committed survives {@code kill -9} of either process.
 * It listens on 127.0.0.1 only, on a port chosen at the first start and kept, with a password made there; it stops when the server stops, and by
 * itself when the server is killed; when it dies, it is started again. Runs as root (PostgreSQL itself then as nobody) and as an ordinary user.
 *
 * <p>Threading: {@link #close} may be called from any thread, once or more.
 */
public final class EmbeddedPostgres implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
    private static final int FIRST_PORT = 15432;
    private static final int LAST_PORT = 15999;
    private static final int PORT_ATTEMPTS = 5;

    private final DataFolder folder;
    private final PostgresKeeper keeper;
    private final Duration stopPatience;
    private final EmbeddedAddress address;

    private EmbeddedPostgres(DataFolder folder, PostgresKeeper keeper, Duration stopPatience, EmbeddedAddress address) {
        this.folder = folder;
        this.keeper = keeper;
        this.stopPatience = stopPatience;
        this.address = address;
    }

    /**
     * Starts PostgreSQL and returns when it takes connections. The first start makes the folder, unpacks and initialises (about 3 s); later ones take
     * a third of a second, or as long as recovery after a crash takes.
     *
     * @param stopPatience how long {@link #close} waits for a clean shutdown before a hard one, which the next start recovers from
     * @param onGivenUp called, on a thread of PostgreSQL's, when it died and cannot be started again
     * @throws EmbeddedPostgresException when another live server holds the folder, or PostgreSQL cannot run there
     */
    public static EmbeddedPostgres start(Path dataFolder, Duration stopPatience, Runnable onGivenUp) {
        DataFolder folder = null;
        try {
            folder = DataFolder.hold(dataFolder);
            return start(folder, stopPatience, onGivenUp);
        } catch (IOException failure) {
            release(folder);
            throw new EmbeddedPostgresException("cannot use " + dataFolder + " for PostgreSQL: " + failure, failure);
        } catch (RuntimeException failure) {
            release(folder);
            throw failure;
        }
    }

    private static EmbeddedPostgres start(DataFolder folder, Duration stopPatience, Runnable onGivenUp)
            throws IOException {
        LOG.info("starting postgres folder=\"{}\"", folder.root());
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.binaries());
        PostgresAccount account = PostgresAccount.choose(binaries);
        String password = folder.password();
        Cluster cluster = new Cluster(folder, binaries, account);
        // Before anything is touched: an orphan may still be at work.
        new Leftovers(folder.data(), account).clear();
        cluster.initialise(password);
        for (int attempt = 1; ; attempt++) {
            int port = choosePort(folder);
            PostgresKeeper keeper = new PostgresKeeper(folder, binaries, account, port, onGivenUp);
            try {
                keeper.start();
                EmbeddedAddress address = new EmbeddedAddress(port, password);
                Cluster.prepare(address.jdbcUrl("postgres", "postgres"), password);
                return new EmbeddedPostgres(folder, keeper, stopPatience, address);
            } catch (SQLException failure) {
                keeper.stop(stopPatience);
                throw new EmbeddedPostgresException(
                        "cannot set up PostgreSQL in " + folder.root() + ": " + failure.getMessage(), failure);
            } catch (EmbeddedPostgresException failure) {
                keeper.stop(stopPatience);
                // Another server may have taken the port between our look and PostgreSQL's.
                if (attempt == PORT_ATTEMPTS || isFree(port)) {
                    throw failure;
                }
            }
        }
    }

    /** The port of last time, unless somebody else took it. */
    private static int choosePort(DataFolder folder) throws IOException {
        var remembered = folder.port();
        if (remembered.isPresent() && isFree(remembered.getAsInt())) {
            return remembered.getAsInt();
        }
        int port = FIRST_PORT;
        while (!isFree(port)) {
            port++;
            if (port > LAST_PORT) {
                throw new EmbeddedPostgresException("every port from " + FIRST_PORT + " to " + LAST_PORT + " is taken");
            }
        }
        folder.rememberPort(port);
        return port;
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    /** Complete, with user and password. The role owns the database and may make roles and databases; it is no superuser. */
    public String jdbcUrl() {
        return address.jdbcUrl();
    }

    /** The same for psql and everything else on libpq. */
    public String libpqUri() {
        return address.libpqUri();
    }

    @Override
    public void close() {
        keeper.stop(stopPatience);
        release(folder);
    }

    private static void release(@Nullable DataFolder folder) {
        if (folder == null) {
            return;
        }
        try {
            folder.close();
        } catch (IOException failure) {
            LOG.warn("data folder not released reason=\"{}\"", failure.getMessage());
        }
    }
}
