package dev.tidemark.server.postgres;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * The SQL schemas Tidemark lives in. They stand in SQL text as they are, so only plain lower-case names are legal.
 *
 * @param schema what users may rely on: views and functions
 * @param internal tables and internal functions
 * @param topicSchema one relation a topic
 */
public record SchemaNames(String schema, String internal, String topicSchema) {
    /** Leaves room for {@code _internal} within PostgreSQL's 63 bytes. */
    private static final Pattern LEGAL = Pattern.compile("[a-z_][a-z0-9_]{0,49}");

    private static final Set<String> TAKEN = Set.of("public", "information_schema");

    public static final SchemaNames DEFAULT = of("tidemark", "topic");

    public SchemaNames {
        requireLegal(schema);
        requireLegal(internal.replaceFirst("_internal$", ""));
        requireLegal(topicSchema);
        if (Set.of(schema, internal).contains(topicSchema)) {
            throw new IllegalArgumentException("the schema of topics must be another than " + topicSchema);
        }
    }

    /** Internal objects live in the schema's name + {@code _internal}. */
    public static SchemaNames of(String schema, String topicSchema) {
        return new SchemaNames(schema, schema + "_internal", topicSchema);
    }

    /** The name. @throws IllegalArgumentException when it is none we use */
    public static String requireLegal(String name) {
        if (!LEGAL.matcher(name).matches() || name.startsWith("pg_") || TAKEN.contains(name)) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is no schema name of ours: up to 50 of a-z, 0-9 and _, not starting with pg_");
        }
        return name;
    }
}
