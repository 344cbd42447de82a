package dev.tidemark.server.postgres;

import java.util.List;

/**
 * What a build brings to a database.
 *
 * @param locations where its migrations lie on the class path
 */
record Release(ServerVersion version, List<String> locations) {
    static final Release THIS = new Release(ServerVersion.current(), List.of("db/migration"));

    Release {
        locations = List.copyOf(locations);
    }
}
