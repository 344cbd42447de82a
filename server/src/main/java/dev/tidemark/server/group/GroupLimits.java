package dev.tidemark.server.group;

import org.jooq.Field;
import org.jooq.impl.DSL;

/**
 * How much of the database groups may take.
 *
 * @param maxMembers of a group; those it has beyond that stay
 * @param maxGroups of all servers together, past which none is made; 0: no bound. Groups made at the same moment may exceed it, and those that applications make in SQL are not asked
 */
public record GroupLimits(int maxMembers, int maxGroups) {
    public static final GroupLimits DEFAULT = new GroupLimits(10_000, 10_000);

    /** An expression that tells SQL functions which make groups, until the end of the database transaction, how many there may be: with {@link #told}. */
    public static final String TELL = "set_config('tidemark.max_groups', ?, true)";

    public GroupLimits {
        if (maxMembers < 1 || maxGroups < 0) {
            throw new IllegalArgumentException("a group has members, and groups are counted from 0");
        }
    }

    public String told() {
        return maxGroups == 0 ? "" : Integer.toString(maxGroups);
    }

    /** {@link #TELL} through jOOQ. */
    public Field<String> tell() {
        return DSL.field("set_config('tidemark.max_groups', {0}, true)", String.class, DSL.val(told()));
    }
}
