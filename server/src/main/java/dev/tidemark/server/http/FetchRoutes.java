package dev.tidemark.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.OffsetAnswer;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.fetch.FetchRequest;
import dev.tidemark.server.log.fetch.OffsetFound;
import dev.tidemark.server.log.fetch.OffsetQuery;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Reading, in both forms. A fetch that waits holds no thread; its answer is written on one of HTTP's. */
final class FetchRoutes {
    static final int DEFAULT_MAX_RECORDS = 500;
    static final int MAX_RECORDS = 10_000;
    static final int DEFAULT_MAX_BYTES = 1024 * 1024;
    static final int MAX_BYTES = 64 * 1024 * 1024;
    static final int MAX_WAIT_MS = 30_000;

    /** In one request; as many as a topic may have. */
    static final int MAX_POSITIONS = 10_000;

    /** What an answer holds for a partition beside its records. */
    private static final int PARTITION_BYTES = 100;

    private static final String AT_LEGAL = "earliest, latest, or " + Timestamps.LEGAL;
    private static final String OFFSET_LEGAL = "a whole number from 0, earliest or latest";
    private static final List<PartitionRecords> NOTHING = List.of();

    private final Topics topics;
    private final RecordLog log;
    private final RequestBodies bodies;
    private final FetchPositions underWay;
    private final AnswerBudget budget;
    private final Executor answering;

    FetchRoutes(
            Topics topics,
            RecordLog log,
            RequestBodies bodies,
            FetchPositions underWay,
            AnswerBudget budget,
            Executor answering) {
        this.topics = topics;
        this.log = log;
        this.bodies = bodies;
        this.underWay = underWay;
        this.budget = budget;
        this.answering = answering;
    }

    List<Route> routes() {
        return List.of(
                new Route(
                        HandlerType.GET,
                        "/v1/topics/{topic}/partitions/{partition}/records",
                        Need.READ_TOPIC,
                        this::fetchOne),
                new Route(
                        HandlerType.GET,
                        "/v1/topics/{topic}/partitions/{partition}/offsets",
                        Need.READ_TOPIC,
                        this::offset),
                new Route(HandlerType.POST, "/v1/fetch", Need.READ_SOMEWHERE, this::fetchSeveral));
    }

    private void fetchOne(Context ctx) {
        Query query = Query.of(ctx, "offset", "max_records", "max_bytes", "max_wait_ms", "decode");
        int maxRecords = query.integer("max_records", DEFAULT_MAX_RECORDS, 1, MAX_RECORDS);
        int maxBytes = budget.share(query.integer("max_bytes", DEFAULT_MAX_BYTES, 1, MAX_BYTES));
        int maxWaitMs = query.integer("max_wait_ms", 0, 0, MAX_WAIT_MS);
        boolean decodeText = decodeText(query);
        boolean binary = ContentTypes.wantsBinary(ctx);
        Topic topic = topics.find(ctx.pathParam("topic"));
        int partition = partition(ctx, topic);
        String offset = query.requiredText("offset", OFFSET_LEGAL);
        FetchRequest.Position position = new FetchRequest.Position(
                topic,
                partition,
                offset(topic, partition, offset, () -> Query.illegal("offset", offset, OFFSET_LEGAL)));
        fetch(ctx, new FetchRequest(List.of(position), maxRecords, maxBytes, maxWaitMs), (read, afterwards) -> {
            PartitionRecords records = read.get(0);
            requireRead(records);
            if (binary) {
                FetchFrameAnswer.write(ctx, read, afterwards);
            } else {
                JsonFetchAnswer.writeOne(ctx, topic, records, decodeText, afterwards);
            }
        });
    }

    private static void requireRead(PartitionRecords records) {
        ErrorCode error = records.error();
        if (error == ErrorCode.OFFSET_OUT_OF_RANGE) {
            throw new Problems.OffsetOutOfRange(records.detail(), records.logStartOffset(), records.highWatermark());
        }
        if (error != null) {
            throw new ApiException(error, records.detail());
        }
    }

    /** The partitions of a request that can be asked for, and the answers of those that cannot, each in its place. */
    private static final class Asked {
        final Principal principal;

        /** Whether a partition that may not be read is refused in its own place, as others of the request may be answered; else the request is. */
        final boolean eachForItself;

        final List<@Nullable Topic> topics = new ArrayList<>();
        final List<@Nullable PartitionRecords> refused = new ArrayList<>();
        final List<FetchRequest.Position> positions = new ArrayList<>();

        Asked(Principal principal, boolean eachForItself) {
            this.principal = principal;
            this.eachForItself = eachForItself;
        }

        boolean isPartitionsOwn(ErrorCode error) {
            return error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                    || eachForItself && error == ErrorCode.TOPIC_AUTHORIZATION_FAILED;
        }

        boolean isAllLegal() {
            return positions.size() == topics.size();
        }

        /** The answers in the order of the request. */
        List<PartitionRecords> inOrder(List<PartitionRecords> read) {
            List<PartitionRecords> all = new ArrayList<>(topics.size());
            int next = 0;
            for (PartitionRecords refusal : refused) {
                all.add(refusal != null ? refusal : read.get(next++));
            }
            return all;
        }
    }

    private void fetchSeveral(Context ctx) {
        Query query = Query.of(ctx, "decode");
        boolean decodeText = decodeText(query);
        ContentTypes.requireJson(ctx);
        boolean binary = ContentTypes.wantsBinary(ctx);
        bodies.read(ctx, body -> {
            JsonFields fields = JsonFields.read(body, "partitions", "max_records", "max_bytes", "max_wait_ms");
            fetchSeveral(ctx, fields, binary, decodeText);
        });
    }

    private void fetchSeveral(Context ctx, JsonFields fields, boolean binary, boolean decodeText) {
        int maxRecords = fields.integer("max_records", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
        int maxBytes = budget.share(fields.integer("max_bytes", DEFAULT_MAX_BYTES, 1, MAX_BYTES));
        int maxWaitMs = fields.integer("max_wait_ms", 0, 0, MAX_WAIT_MS);
        Asked asked = asked(fields.requiredList("partitions"), new Asked(Gate.principal(ctx), binary));
        // A partition that cannot be read is told at once, not after the others' wait.
        int wait = asked.isAllLegal() ? maxWaitMs : 0;
        fetch(ctx, new FetchRequest(asked.positions, maxRecords, maxBytes, wait), (read, afterwards) -> {
            List<PartitionRecords> all = asked.inOrder(read);
            if (binary) {
                FetchFrameAnswer.write(ctx, all, afterwards);
            } else {
                JsonFetchAnswer.writeSeveral(ctx, asked.topics, all, decodeText, afterwards);
            }
        });
    }

    private record Named(String topic, int partition) {}

    private Asked asked(List<JsonNode> partitions, Asked asked) {
        if (partitions.isEmpty() || partitions.size() > MAX_POSITIONS) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "\"partitions\" must name from 1 to " + MAX_POSITIONS + " partitions, not " + partitions.size());
        }
        Map<Named, Integer> places = new HashMap<>();
        for (int i = 0; i < partitions.size(); i++) {
            JsonFields fields =
                    JsonFields.of(partitions.get(i), "partitions[" + i + "]", "topic", "partition", "offset");
            Named named =
                    new Named(fields.requiredText("topic"), fields.requiredInteger("partition", 0, Integer.MAX_VALUE));
            Integer before = places.putIfAbsent(named, i);
            if (before != null) {
                throw namedTwice(named, before, i);
            }
            ask(asked, named, fields);
        }
        return asked;
    }

    /** Each is waited for, and answered, once. */
    private static ApiException namedTwice(Named named, int first, int second) {
        return new ApiException(
                ErrorCode.INVALID_REQUEST,
                "partitions[" + second + "] names partition " + named.partition() + " of topic \""
                        + Problems.shortened(named.topic()) + "\", as partitions[" + first + "] does");
    }

    private void ask(Asked asked, Named named, JsonFields fields) {
        String name = named.topic();
        int partition = named.partition();
        JsonNode offset = fields.required("offset");
        if (!offset.isTextual()) {
            fields.longInteger(offset, "offset", 0, Long.MAX_VALUE);
        }
        try {
            asked.principal.require(Permission.READ, name);
            Topic topic = topics.find(name);
            topic.partitionId(partition);
            long from = offset.isTextual()
                    ? offset(topic, partition, offset.textValue(), () -> fields.wrong("offset", OFFSET_LEGAL, offset))
                    : offset.longValue();
            asked.positions.add(new FetchRequest.Position(topic, partition, from));
            asked.topics.add(topic);
            asked.refused.add(null);
        } catch (ApiException e) {
            if (!asked.isPartitionsOwn(e.error())) {
                throw e;
            }
            asked.topics.add(null);
            asked.refused.add(
                    new PartitionRecords(name, partition, e.error(), e.detail(), -1, -1, -1, -1, -1, 0, List.of()));
        }
    }

    /** Answers with records, which are held until {@code afterwards} is run. */
    private interface Answer {
        void write(List<PartitionRecords> read, Runnable afterwards);
    }

    private void fetch(Context ctx, FetchRequest request, Answer answer) {
        CompletableFuture<List<PartitionRecords>> read = request.positions().isEmpty()
                ? CompletableFuture.completedFuture(NOTHING)
                : fetch(Gate.principal(ctx).name(), request);
        ctx.future(() -> read.thenAcceptAsync(records -> answer(records, answer), answering));
    }

    private CompletableFuture<List<PartitionRecords>> fetch(String principal, FetchRequest request) {
        int positions = request.positions().size();
        underWay.take(principal, positions);
        CompletableFuture<List<PartitionRecords>> read;
        try {
            read = log.fetch(request);
        } catch (RuntimeException e) {
            underWay.give(principal, positions);
            throw e;
        }
        return read.whenComplete((records, failure) -> underWay.give(principal, positions));
    }

    private void answer(List<PartitionRecords> records, Answer answer) {
        long bytes = heldBytes(records);
        Runnable afterwards = bytes <= Answers.SMALL_BYTES ? () -> {} : budget.take(bytes);
        try {
            answer.write(records, afterwards);
        } catch (RuntimeException e) {
            afterwards.run();
            throw e;
        }
    }

    /** What an answer keeps until it is taken. */
    static long heldBytes(List<PartitionRecords> records) {
        long bytes = records.stream().mapToLong(PartitionRecords::byteCount).sum();
        return bytes + (long) PARTITION_BYTES * records.size();
    }

    private void offset(Context ctx) {
        Query query = Query.of(ctx, "at");
        String at = query.requiredText("at", AT_LEGAL);
        Topic topic = topics.find(ctx.pathParam("topic"));
        OffsetFound found = log.offset(topic, partition(ctx, topic), offsetQuery(at));
        Long timestampMs = found.timestampMs();
        Answers.json(
                ctx,
                200,
                new OffsetAnswer(
                        found.offset(),
                        timestampMs == null ? null : Timestamps.format(timestampMs),
                        found.leaderEpoch(),
                        found.logEndOffset()));
    }

    private static OffsetQuery offsetQuery(String at) {
        OffsetQuery named = namedOffset(at);
        if (named != null) {
            return named;
        }
        boolean negative = at.startsWith("-");
        if (Query.isDigits(negative ? at.substring(1) : at)) {
            long ms = Long.parseLong(at);
            if (Timestamps.isWritable(ms)) {
                return new OffsetQuery.AtTime(ms);
            }
        }
        OptionalLong time = Timestamps.parse(at);
        if (time.isEmpty()) {
            throw Query.illegal("at", at, AT_LEGAL);
        }
        return new OffsetQuery.AtTime(time.getAsLong());
    }

    private static @Nullable OffsetQuery namedOffset(String text) {
        return switch (text) {
            case "earliest", "beginning" -> new OffsetQuery.Earliest();
            case "latest", "end" -> new OffsetQuery.Latest();
            default -> null;
        };
    }

    private interface Refusal {
        ApiException exception();
    }

    private long offset(Topic topic, int partition, String text, Refusal otherwise) {
        OffsetQuery named = namedOffset(text);
        if (named != null) {
            OffsetFound found = log.offset(topic, partition, named);
            Long offset = found.offset();
            return offset == null ? found.logEndOffset() : offset;
        }
        if (!Query.isDigits(text)) {
            throw otherwise.exception();
        }
        return Long.parseLong(text);
    }

    private static int partition(Context ctx, Topic topic) {
        int partition = (int) Query.integer("partition", ctx.pathParam("partition"), 0, Integer.MAX_VALUE);
        topic.partitionId(partition);
        return partition;
    }

    private static boolean decodeText(Query query) {
        String decode = query.text("decode");
        if (decode == null) {
            return false;
        }
        if (!decode.equals("text")) {
            throw Query.illegal("decode", decode, "text");
        }
        return true;
    }
}
