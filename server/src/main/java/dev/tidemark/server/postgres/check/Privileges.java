package dev.tidemark.server.postgres.check;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether our role may do what a server does. Names are quoted as SQL wants them.
 *
 * @param createsSchemas whether it has CREATE on the database
 */
public record Privileges(String role, String database, boolean createsSchemas, List<Schema> schemas) {
    /**
     * One of our schemas.
     *
     * @param present whether it is there; where it is not, nothing else here means anything
     * @param usable whether our role has USAGE and CREATE
     * @param strangersOwn the role that owns our tables in it, where ours is not a member of that; null when ours may alter them
     */
    public record Schema(
            String name,
            boolean present,
            boolean usable,
            @Nullable String strangersOwn) {}

    public Privileges {
        schemas = List.copyOf(schemas);
    }

    /** @param schemas names */
    public static Privileges read(Connection connection, List<String> schemas) throws SQLException {
        String query = """
                select quote_ident(current_user), quote_ident(current_database()),
                       has_database_privilege(current_database(), 'create'),
                       quote_ident(w.name), n.oid is not null,
                       coalesce(has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create'), false),
                       (select quote_ident(pg_get_userbyid(c.relowner)) from pg_class c
                        where c.relnamespace = n.oid and c.relname = 'cluster' and not pg_has_role(c.relowner, 'usage'))
                from unnest(?::text[]) with ordinality w(name, at)
                left join pg_namespace n on n.nspname = w.name
                order by w.at
                """;
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setArray(1, connection.createArrayOf("text", schemas.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                return read(rows);
            }
        }
    }

    private static Privileges read(ResultSet rows) throws SQLException {
        List<Schema> schemas = new ArrayList<>();
        String role = "";
        String database = "";
        boolean createsSchemas = false;
        while (rows.next()) {
            role = rows.getString(1);
            database = rows.getString(2);
            createsSchemas = rows.getBoolean(3);
            schemas.add(new Schema(rows.getString(4), rows.getBoolean(5), rows.getBoolean(6), rows.getString(7)));
        }
        return new Privileges(role, database, createsSchemas, schemas);
    }

    /** Refusals because the tables are another role's. */
    public List<Finding> ownership() {
        return schemas.stream()
                .filter(schema -> schema.strangersOwn() != null)
                .map(schema -> Finding.refusal("has tables of role " + schema.strangersOwn() + " in schema "
                        + schema.name() + ", which role " + role + " may not alter: start the server as "
                        + schema.strangersOwn() + ", or run GRANT " + schema.strangersOwn() + " TO " + role))
                .toList();
    }

    /** All refusals. */
    public List<Finding> findings() {
        List<Finding> findings = new ArrayList<>(ownership());
        List<Schema> absent =
                schemas.stream().filter(schema -> !schema.present()).toList();
        if (!absent.isEmpty() && !createsSchemas) {
            String names = absent.stream().map(Schema::name).collect(Collectors.joining(", "));
            findings.add(Finding.refusal("has no schema " + names + " yet, and role " + role
                    + " may not create any: run GRANT CREATE ON DATABASE " + database + " TO " + role
                    + ", or create the schemas with AUTHORIZATION " + role));
        }
        schemas.stream()
                .filter(schema -> schema.present() && !schema.usable())
                .map(schema -> Finding.refusal("does not let role " + role + " work in schema " + schema.name()
                        + ": run GRANT USAGE, CREATE ON SCHEMA " + schema.name() + " TO " + role))
                .forEach(findings::add);
        return findings;
    }
}
