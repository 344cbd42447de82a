package dev.tidemark.server.access;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Pattern;

/** Who asks, and what they may. Immutable. */
public final class Principal {
    /** Whoever shows no token where none is asked for; Kafka's name for them. May do everything. */
    public static final Principal ANONYMOUS =
            new Principal("ANONYMOUS", List.of(new Grant(EnumSet.allOf(Permission.class), TopicPatterns.ALL)));

    static final String LEGAL_NAME = "up to 128 of A-Z a-z 0-9 . _ @ : / + -, and not ANONYMOUS";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@:/+-]{1,128}");
    private static final int SHOWN_CHARACTERS = 249;

    private final String name;
    private final List<Grant> grants;

    Principal(String name, List<Grant> grants) {
        this.name = name;
        this.grants = List.copyOf(grants);
    }

    static boolean isLegalName(String name) {
        return NAME.matcher(name).matches() && !name.equalsIgnoreCase(ANONYMOUS.name);
    }

    /** What is written beside each batch it appends. */
    public String name() {
        return name;
    }

    public boolean may(Permission permission, String topic) {
        return grants.stream().anyMatch(grant -> grant.covers(permission, topic));
    }

    /** The topics it has the permission on, those that do not exist yet included. */
    public TopicScope scope(Permission permission) {
        return new TopicScope(grants.stream()
                .filter(grant -> grant.allowed().contains(permission))
                .flatMap(grant -> grant.topics().patterns().stream())
                .toList());
    }

    /** Whether it may know that there is such a topic: with any permission on it. */
    public boolean maySee(String topic) {
        return grants.stream()
                .anyMatch(grant -> !grant.allowed().isEmpty() && grant.topics().match(topic));
    }

    /** @throws ApiException TOPIC_AUTHORIZATION_FAILED, whether or not there is such a topic */
    public void require(Permission permission, String topic) {
        if (!may(permission, topic)) {
            throw refused(permission.word(), topic);
        }
    }

    /** @throws ApiException TOPIC_AUTHORIZATION_FAILED, whether or not there is such a topic */
    public void requireSight(String topic) {
        if (!maySee(topic)) {
            throw refused("see", topic);
        }
    }

    /**
     * For what is about no topic, or about topics not known yet: the permission on some topic at least.
     *
     * @throws ApiException CLUSTER_AUTHORIZATION_FAILED
     */
    public void requireSomewhere(Permission permission) {
        if (grants.stream().noneMatch(grant -> grant.allowed().contains(permission))) {
            throw new ApiException(
                    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
                    "the principal " + name + " has the permission " + permission.word() + " on no topic");
        }
    }

    /**
     * For what concerns all topics: the permission on each there is or ever will be.
     *
     * @throws ApiException CLUSTER_AUTHORIZATION_FAILED
     */
    public void requireEverywhere(Permission permission) {
        boolean everywhere = grants.stream()
                .anyMatch(grant ->
                        grant.allowed().contains(permission) && grant.topics().isEverything());
        if (!everywhere) {
            throw new ApiException(
                    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
                    "the principal " + name + " has the permission " + permission.word() + " not on all topics");
        }
    }

    private ApiException refused(String what, String topic) {
        String shown = topic.length() <= SHOWN_CHARACTERS ? topic : topic.substring(0, SHOWN_CHARACTERS) + "…";
        return new ApiException(
                ErrorCode.TOPIC_AUTHORIZATION_FAILED,
                "the principal " + name + " may not " + verb(what) + " the topic " + shown);
    }

    private static String verb(String what) {
        return switch (what) {
            case "write" -> "write to";
            case "admin" -> "administer";
            default -> what;
        };
    }

    @Override
    public String toString() {
        return "Principal[" + name + "]";
    }
}
