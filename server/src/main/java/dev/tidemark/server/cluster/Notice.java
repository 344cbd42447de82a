package dev.tidemark.server.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one server tells the others in a NOTIFY: {@code <sender> <partition id>:<log end>,…} with numbers to the base 36, or {@code <sender> *} where
 * the ends do not fit. Without ends it tells nothing but that it arrived.
 *
 * @param ends by partition id
 * @param isEverywhere ends may have grown in any partition
 */
record Notice(String sender, Map<Integer, Long> ends, boolean isEverywhere) {
    /** PostgreSQL takes payloads shorter than 8000 bytes. */
    private static final int MAX_BYTES = 7_999;

    private static final String EVERYWHERE = "*";
    private static final int RADIX = 36;

    /** So many digits fit a long; no log is longer. */
    private static final Pattern ENTRY = Pattern.compile("([0-9a-z]{1,6}):([0-9a-z]{1,12}),");

    static Notice probe(String sender) {
        return new Notice(sender, Map.of(), false);
    }

    static Notice everywhere(String sender) {
        return new Notice(sender, Map.of(), true);
    }

    String payload() {
        StringBuilder payload = new StringBuilder(sender).append(' ');
        if (isEverywhere) {
            return payload.append(EVERYWHERE).toString();
        }
        ends.forEach((partitionId, end) -> payload.append(Integer.toString(partitionId, RADIX))
                .append(':')
                .append(Long.toString(end, RADIX))
                .append(','));
        return payload.length() <= MAX_BYTES
                ? payload.toString()
                : everywhere(sender).payload();
    }

    /** Empty when it is none: whoever may connect to the database may write what they like. */
    static Optional<Notice> read(String payload) {
        int space = payload.indexOf(' ');
        if (space < 1) {
            return Optional.empty();
        }
        String sender = payload.substring(0, space);
        String rest = payload.substring(space + 1);
        if (rest.equals(EVERYWHERE)) {
            return Optional.of(everywhere(sender));
        }
        Map<Integer, Long> ends = new HashMap<>();
        Matcher entry = ENTRY.matcher(rest);
        int at = 0;
        while (at < rest.length() && entry.find(at) && entry.start() == at) {
            long partitionId = Long.parseLong(entry.group(1), RADIX);
            if (partitionId > Integer.MAX_VALUE) {
                return Optional.empty();
            }
            ends.put((int) partitionId, Long.valueOf(entry.group(2), RADIX));
            at = entry.end();
        }
        return at == rest.length() ? Optional.of(new Notice(sender, ends, false)) : Optional.empty();
    }
}
