package dev.tidemark.server;

/** The version in the jar's manifest. */
final class BuildVersion {
    private BuildVersion() {}

    static String get() {
        String version = BuildVersion.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}
