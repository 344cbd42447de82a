package dev.tidemark.server.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which objects in a database are Tidemark's: the tables of topics by the form of their names and the views on them, everything else because a migration
 * makes an object of that name. Reads the catalogue anew at every call.
 */
final class InstalledObjects {
    private static final Pattern CREATED = Pattern.compile(
            "create\\s+(?:or\\s+replace\\s+)?(?:unlogged\\s+)?(?:table|view|function|procedure|sequence|type|domain)\\s+"
                    + "(?:if\\s+not\\s+exists\\s+)?([a-z_][a-z0-9_]*\\.[a-z_][a-z0-9_]*)",
            Pattern.CASE_INSENSITIVE);

    private static final String OURS = " where n.nspname || '.' || %s = any (?) ";
    private static final String RELATIONS =
            "select format('%%I.%%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace";

    /** What is dropped by one kind of statement. */
    enum Kind {
        TOPIC_VIEW("view", "views of topics", """
                select distinct format('%%I.%%I', n.nspname, v.relname)
                from pg_class v
                join pg_namespace n on n.oid = v.relnamespace and n.nspname = '%2$s'
                join pg_rewrite r on r.ev_class = v.oid
                join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
                join pg_class p on p.oid = d.refobjid and p.relname ~ '^topic_[0-9]+$'
                where v.relkind = 'v' and p.relnamespace = '%1$s'::regnamespace
                """),
        LEAF(
                "table",
                "segments",
                RELATIONS + " where n.nspname = '%1$s' and c.relkind = 'r'"
                        + " and c.relname ~ '^topic_[0-9]+_[0-9]+_[0-9]{20}$'"),
        PARENT(
                "table",
                "topics",
                RELATIONS + " where n.nspname = '%1$s' and c.relkind = 'p'" + " and c.relname ~ '^topic_[0-9]+$'"),
        VIEW("view", "views", RELATIONS + OURS.formatted("c.relname") + "and c.relkind in ('v', 'm')"),
        ROUTINE(
                "routine",
                "functions",
                "select format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))"
                        + " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
                        + OURS.formatted("p.proname")),
        TABLE("table", "tables", RELATIONS + OURS.formatted("c.relname") + "and c.relkind in ('r', 'p')"),
        /** Those of identity columns have gone with their tables. */
        SEQUENCE("sequence", "sequences", RELATIONS + OURS.formatted("c.relname") + "and c.relkind = 'S'"),
        TYPE(
                "type",
                "types",
                "select format('%%I.%%I', n.nspname, t.typname) from pg_type t join pg_namespace n on n.oid = t.typnamespace"
                        + OURS.formatted("t.typname") + "and t.typrelid = 0"),
        SCHEMA("schema", "schemas", "");

        private final String sql;
        private final String plural;
        private final String query;

        Kind(String sql, String plural, String query) {
            this.sql = sql;
            this.plural = plural;
            this.query = query;
        }

        /** After DROP. */
        String sql() {
            return sql;
        }

        String plural() {
            return plural;
        }

        private boolean isNamedByMigrations() {
            return query.contains("?");
        }
    }

    private final Connection connection;
    private final SchemaNames schemas;
    private final List<String> created;

    /** @param statements of all migrations */
    InstalledObjects(Connection connection, SchemaNames schemas, List<String> statements) {
        this.connection = connection;
        this.schemas = schemas;
        this.created = created(schemas, statements);
    }

    private static List<String> created(SchemaNames schemas, List<String> statements) {
        List<String> created = new ArrayList<>();
        // Flyway's own.
        created.add(schemas.internal() + "." + Migrator.HISTORY);
        for (String statement : statements) {
            CREATED.matcher(statement).results().forEach(match -> created.add(match.group(1)));
        }
        return created;
    }

    int count(Kind kind) throws SQLException {
        return names(kind, Integer.MAX_VALUE).size();
    }

    /** Their names, quoted as SQL wants them. */
    List<String> names(Kind kind, int atMost) throws SQLException {
        // Schema names are legal ones, which need no quotes.
        String query = kind.query.formatted(schemas.internal(), schemas.topicSchema()) + " order by 1 limit ?";
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            int parameter = 1;
            if (kind.isNamedByMigrations()) {
                statement.setArray(parameter++, connection.createArrayOf("text", created.toArray()));
            }
            statement.setInt(parameter, atMost);
            return strings(statement);
        }
    }

    static List<String> strings(PreparedStatement query) throws SQLException {
        List<String> strings = new ArrayList<>();
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                strings.add(rows.getString(1));
            }
        }
        return strings;
    }
}
