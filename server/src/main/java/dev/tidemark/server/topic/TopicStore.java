package dev.tidemark.server.topic;

import static dev.tidemark.schema.tidemark_internal.Tables.BATCH;
import static dev.tidemark.schema.tidemark_internal.Tables.PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.SEGMENT;
import static dev.tidemark.schema.tidemark_internal.Tables.TOPIC;
import static org.jooq.impl.DSL.coalesce;
import static org.jooq.impl.DSL.count;
import static org.jooq.impl.DSL.greatest;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.max;
import static org.jooq.impl.DSL.sum;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicSummary;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** Topics in the database. */
final class TopicStore {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Database database;

    TopicStore(Database database) {
        this.database = database;
    }

    @Nullable
    Topic find(String name) {
        return Database.repeatably(() -> database.query(jooq -> find(jooq, name)));
    }

    private static @Nullable Topic find(DSLContext jooq, String name) {
        // One query: every busy topic is asked for once a second.
        Field<Integer[]> partitionIds =
                DSL.field(DSL.select(DSL.arrayAgg(PARTITION.PARTITION_ID).orderBy(PARTITION.PARTITION_))
                        .from(PARTITION)
                        .where(PARTITION.TOPIC_ID.eq(TOPIC.TOPIC_ID)));
        var found = jooq.select(TOPIC, partitionIds)
                .from(TOPIC)
                .where(TOPIC.NAME.eq(name))
                .and(TOPIC.DELETED_AT.isNull())
                .fetchOne();
        if (found == null) {
            return null;
        }
        var row = found.value1();
        Map<String, String> configs = fromJson(row.getConfigs());
        configs.put(TopicConfigs.KEY_TYPE, row.getKeyType());
        configs.put(TopicConfigs.VALUE_TYPE, row.getValueType());
        return new Topic(
                row.getTopicId(),
                row.getTopicUuid(),
                row.getName(),
                List.of(found.value2()),
                TopicConfigs.read(configs));
    }

    List<TopicSummary> list() {
        return database.query(jooq -> jooq.select(TOPIC.NAME, TOPIC.PARTITION_COUNT)
                .from(TOPIC)
                .where(TOPIC.DELETED_AT.isNull())
                .orderBy(TOPIC.NAME)
                .fetch(row -> new TopicSummary(row.value1(), row.value2())));
    }

    TopicDescription describe(Topic topic) {
        Map<String, String> configs = topic.config().strings();
        return new TopicDescription(
                topic.name(),
                topic.uuid().toString(),
                topic.partitionCount(),
                configs,
                TopicConfigs.unused(configs),
                database.query(jooq -> describePartitions(jooq, topic)));
    }

    private static List<PartitionDescription> describePartitions(DSLContext jooq, Topic topic) {
        Field<Long> logEnd = greatest(Routines.logEnd(PARTITION.PARTITION_ID), PARTITION.LOG_START_OFFSET)
                .as("log_end_offset");
        // Sealed segments know their bytes; batches are added up only above them.
        Field<Long> sealedBound = DSL.field(DSL.select(coalesce(max(SEGMENT.UPPER_BOUND), inline(0L)))
                .from(SEGMENT)
                .where(SEGMENT.PARTITION_ID.eq(PARTITION.PARTITION_ID))
                .and(SEGMENT.SEALED_AT.isNotNull()));
        Field<Long> sealedBytes = DSL.field(DSL.select(coalesce(sum(SEGMENT.BYTES), inline(java.math.BigDecimal.ZERO))
                        .cast(Long.class))
                .from(SEGMENT)
                .where(SEGMENT.PARTITION_ID.eq(PARTITION.PARTITION_ID)));
        Field<Long> activeBytes = DSL.field(DSL.select(coalesce(sum(BATCH.BYTES), inline(java.math.BigDecimal.ZERO))
                        .cast(Long.class))
                .from(BATCH)
                .where(BATCH.PARTITION_ID.eq(PARTITION.PARTITION_ID))
                .and(BATCH.BASE_OFFSET.ge(sealedBound)));
        Field<Integer> segments =
                DSL.field(DSL.select(count()).from(SEGMENT).where(SEGMENT.PARTITION_ID.eq(PARTITION.PARTITION_ID)));
        return jooq.select(
                        PARTITION.PARTITION_,
                        PARTITION.LOG_START_OFFSET,
                        logEnd,
                        segments,
                        sealedBytes.plus(activeBytes))
                .from(PARTITION)
                .where(PARTITION.TOPIC_ID.eq(topic.id()))
                .orderBy(PARTITION.PARTITION_)
                .fetch(row ->
                        new PartitionDescription(row.value1(), row.value2(), row.value3(), row.value4(), row.value5()));
    }

    /** @throws ApiException TOPIC_ALREADY_EXISTS */
    void create(String name, int partitionCount, Map<String, String> configs, TopicConfig config) {
        try {
            create(name, TopicNames.relationName(name), partitionCount, configs, config);
        } catch (DataAccessException e) {
            if (!SqlStates.DUPLICATE_TABLE.equals(e.sqlState())) {
                throw e;
            }
            // A relation of that name is there and not ours, or a deleted topic's that is still being read.
            create(name, TopicNames.otherRelationName(name), partitionCount, configs, config);
        }
    }

    private void create(
            String name, String relationName, int partitionCount, Map<String, String> configs, TopicConfig config) {
        unlessInUse(name, jooq -> {
            Configuration connection = jooq.configuration();
            lockNames(connection);
            if (find(jooq, name) != null) {
                throw new ApiException(ErrorCode.TOPIC_ALREADY_EXISTS, "topic \"" + name + "\" exists already");
            }
            Routines.createTopic(
                    connection,
                    name,
                    relationName,
                    partitionCount,
                    toJson(configs),
                    config.keyType().configName(),
                    config.valueType().configName());
        });
    }

    /** @param change from the configs that are set to those that shall be */
    void alter(Topic known, @Nullable Integer partitionCount, UnaryOperator<Map<String, String>> change) {
        unlessInUse(known.name(), jooq -> {
            Configuration connection = jooq.configuration();
            lockNames(connection);
            Topic topic = find(jooq, known.name());
            if (topic == null || topic.id() != known.id()) {
                throw Topics.unknown(known.name());
            }
            changeConfigs(jooq, topic, change);
            if (partitionCount != null) {
                changePartitionCount(connection, topic, partitionCount);
            }
        });
    }

    private static void changePartitionCount(Configuration connection, Topic topic, int partitionCount) {
        if (partitionCount < topic.partitionCount()) {
            throw new ApiException(
                    ErrorCode.INVALID_PARTITIONS,
                    "topic \"" + topic.name() + "\" has " + topic.partitionCount()
                            + " partitions and cannot have fewer, as " + partitionCount + " would be");
        }
        if (partitionCount > topic.partitionCount()) {
            Routines.addPartitions(connection, topic.id(), partitionCount);
        }
    }

    private static void changeConfigs(DSLContext jooq, Topic topic, UnaryOperator<Map<String, String>> change) {
        var row = jooq.selectFrom(TOPIC).where(TOPIC.TOPIC_ID.eq(topic.id())).fetchSingle();
        Map<String, String> set = fromJson(row.getConfigs());
        set.put(TopicConfigs.KEY_TYPE, row.getKeyType());
        set.put(TopicConfigs.VALUE_TYPE, row.getValueType());
        Map<String, String> after = change.apply(set);
        TopicConfig config = TopicConfigs.read(after);
        jooq.update(TOPIC)
                .set(TOPIC.CONFIGS, toJson(after))
                .where(TOPIC.TOPIC_ID.eq(topic.id()))
                .execute();
        boolean sameTypes = config.keyType() == topic.config().keyType()
                && config.valueType() == topic.config().valueType();
        if (!sameTypes
                && !Boolean.TRUE.equals(Routines.changeTypes(
                        jooq.configuration(),
                        topic.id(),
                        config.keyType().configName(),
                        config.valueType().configName()))) {
            throw new ApiException(
                    ErrorCode.INVALID_CONFIG,
                    "topic \"" + topic.name() + "\" has records, so its key.type and value.type are fixed");
        }
    }

    void delete(Topic topic) {
        unlessInUse(topic.name(), jooq -> {
            lockNames(jooq.configuration());
            Routines.deleteTopic(jooq.configuration(), topic.id());
        });
    }

    /** @throws ApiException BROKER_NOT_AVAILABLE when it is not had in time */
    private static void lockNames(Configuration connection) {
        try {
            Routines.lockTopicNames(connection);
        } catch (DataAccessException e) {
            if (!SqlStates.LOCK_NOT_AVAILABLE.equals(e.sqlState())) {
                throw e;
            }
            throw new ApiException(ErrorCode.BROKER_NOT_AVAILABLE, "somebody else is changing topics; try again", e);
        }
    }

    private void unlessInUse(String name, Consumer<DSLContext> statements) {
        try {
            database.transaction(jooq -> {
                statements.accept(jooq);
                return null;
            });
        } catch (DataAccessException e) {
            if (!SqlStates.LOCK_NOT_AVAILABLE.equals(e.sqlState())) {
                throw e;
            }
            throw new ApiException(
                    ErrorCode.BROKER_NOT_AVAILABLE, "topic \"" + name + "\" is in use in the database; try again", e);
        }
    }

    private static JSONB toJson(Map<String, String> configs) {
        Map<String, String> withoutTypes = new HashMap<>(configs);
        // The types have columns of their own.
        withoutTypes.remove(TopicConfigs.KEY_TYPE);
        withoutTypes.remove(TopicConfigs.VALUE_TYPE);
        try {
            return JSONB.jsonb(JSON.writeValueAsString(withoutTypes));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of strings is always JSON", e);
        }
    }

    private static Map<String, String> fromJson(JSONB configs) {
        try {
            return JSON.readValue(configs.data(), new TypeReference<HashMap<String, String>>() {});
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the configs of a topic are not an object of strings", e);
        }
    }
}
