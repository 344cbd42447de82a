package dev.tidemark.server.log.quota;

/**
 * What the log takes, as measured last.
 *
 * @param diskBytes of all tables with their indexes and large values, those of deleted topics too until they are dropped
 * @param segments of topics that are there
 * @param retiredSegments those that wait to be dropped
 */
record LogFigures(long diskBytes, int topics, int segments, int retiredSegments) {
    static final LogFigures NONE = new LogFigures(0, 0, 0, 0);
}
