package dev.tidemark.server.http;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.api.BatchResult;
import dev.tidemark.protocol.api.ProduceResult;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** Appending, in both forms. A request waits for its COMMIT without a thread; its answer is written on one of HTTP's, never on the log's. */
final class ProduceRoutes {
    private final Topics topics;
    private final RecordLog log;
    private final RequestBodies bodies;
    private final InstantSource clock;
    private final Executor answering;

    /** Where the next request's records go that have neither partition nor key: each request to the next partition. Servers begin at different ones. */
    private final AtomicInteger sticky =
            new AtomicInteger(ThreadLocalRandom.current().nextInt());

    ProduceRoutes(Topics topics, RecordLog log, RequestBodies bodies, InstantSource clock, Executor answering) {
        this.topics = topics;
        this.log = log;
        this.bodies = bodies;
        this.clock = clock;
        this.answering = answering;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.POST, "/v1/topics/{topic}/records", Need.WRITE_TOPIC, this::produce),
                new Route(HandlerType.POST, "/v1/producers", Need.WRITE_SOMEWHERE, this::newProducer));
    }

    private void produce(Context ctx) {
        Acks acks = acks(Query.of(ctx, "acks"));
        boolean binary = ContentTypes.isBinary(ctx);
        Topic topic = topics.find(ctx.pathParam("topic"));
        bodies.read(ctx, body -> {
            if (binary) {
                produceFrame(ctx, topic, acks, ProduceFrame.read(body.bytes(), body.length()));
            } else {
                body.chargeTokens();
                int partition = Math.floorMod(sticky.getAndIncrement(), topic.partitionCount());
                produceJson(
                        ctx,
                        topic,
                        acks,
                        new JsonProduceReader(topic, partition, clock.millis(), bodies.maxBytes(), body::charge)
                                .read(body.bytes(), body.length()));
            }
        });
    }

    private void produceFrame(Context ctx, Topic topic, Acks acks, List<ProduceFrame.Batch> batches) {
        int[] partitions =
                batches.stream().mapToInt(ProduceFrame.Batch::partition).toArray();
        String principal = Gate.principal(ctx).name();
        var appended = log.append(new AppendRequest(entries(topic, batches), acks, false, principal));
        ctx.future(() -> appended.thenAcceptAsync(outcomes -> answerFrame(ctx, partitions, outcomes), answering));
    }

    private static void answerFrame(Context ctx, int[] partitions, List<BatchOutcome> outcomes) {
        List<BatchResult> results = new ArrayList<>(outcomes.size());
        for (int i = 0; i < outcomes.size(); i++) {
            results.add(result(partitions[i], outcomes.get(i)));
        }
        Answers.json(ctx, 200, new ProduceResult(results));
    }

    private static BatchResult result(int partition, BatchOutcome outcome) {
        if (outcome instanceof BatchOutcome.Appended appended) {
            return new BatchResult(partition, appended.baseOffset(), appended.appendTimeMs(), null, null, null);
        }
        if (outcome instanceof BatchOutcome.Refused refused) {
            return new BatchResult(
                    partition,
                    -1,
                    -1,
                    refused.error().name(),
                    refused.detail(),
                    Problems.recordProblems(refused.recordErrors()));
        }
        throw new IllegalStateException("a batch was withdrawn from a request that is not atomic");
    }

    private void produceJson(Context ctx, Topic topic, Acks acks, JsonProduceRequest request) {
        // Made before the log owns the arrays, and may stamp its own time into them; and so that they are not held for
        // the answer's sake.
        JsonProduceAnswer answer = JsonProduceAnswer.of(request);
        String principal = Gate.principal(ctx).name();
        var appended = log.append(new AppendRequest(entries(topic, request.batches()), acks, true, principal));
        ctx.future(() -> appended.thenAcceptAsync(outcomes -> answer.write(ctx, outcomes), answering));
    }

    private static List<AppendRequest.Entry> entries(Topic topic, List<ProduceFrame.Batch> batches) {
        List<AppendRequest.Entry> entries = new ArrayList<>(batches.size());
        for (ProduceFrame.Batch batch : batches) {
            entries.add(new AppendRequest.Entry(topic, batch));
        }
        return entries;
    }

    static Acks acks(Query query) {
        String acks = query.text("acks");
        if (acks == null) {
            return Acks.ALL;
        }
        return switch (acks) {
            case "all", "-1" -> Acks.ALL;
            case "1" -> Acks.LEADER;
            case "0" -> Acks.NONE;
            default -> throw Query.illegal("acks", acks, "all, 1 or 0");
        };
    }

    private void newProducer(Context ctx) {
        Query.of(ctx);
        Answers.json(ctx, 200, log.newProducer());
    }
}
