package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.protocol.api.TransactionResult;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Appending to several topics, and committing a group's offsets, all or nothing: one database transaction a request, in both forms. */
final class TransactionRoutes {
    private final Topics topics;
    private final RecordLog log;
    private final GroupOffsets offsets;
    private final RequestBodies bodies;
    private final InstantSource clock;
    private final Executor answering;
    private final AtomicInteger sticky =
            new AtomicInteger(ThreadLocalRandom.current().nextInt());

    TransactionRoutes(
            Topics topics,
            RecordLog log,
            GroupOffsets offsets,
            RequestBodies bodies,
            InstantSource clock,
            Executor answering) {
        this.topics = topics;
        this.log = log;
        this.offsets = offsets;
        this.bodies = bodies;
        this.clock = clock;
        this.answering = answering;
    }

    List<Route> routes() {
        return List.of(new Route(HandlerType.POST, "/v1/records", Need.WRITE_SOMEWHERE, this::produce));
    }

    private void produce(Context ctx) {
        Acks acks = ProduceRoutes.acks(Query.of(ctx, "acks"));
        boolean binary = ContentTypes.isBinaryTransaction(ctx);
        Principal principal = Gate.principal(ctx);
        bodies.read(ctx, body -> {
            if (binary) {
                produceFrame(ctx, acks, principal, TransactionFrame.read(body.bytes(), body.length()));
            } else {
                body.chargeTokens();
                JsonTransactionReader reader = new JsonTransactionReader(
                        name -> writable(principal, name),
                        topic -> Math.floorMod(sticky.getAndIncrement(), topic.partitionCount()),
                        clock.millis(),
                        bodies.maxBytes(),
                        body::charge);
                produceJson(ctx, acks, principal, reader.read(body.bytes(), body.length()));
            }
        });
    }

    private Topic writable(Principal principal, String name) {
        principal.require(Permission.WRITE, name);
        return topics.find(name);
    }

    private void produceJson(Context ctx, Acks acks, Principal principal, JsonTransactionReader.Request request) {
        List<AppendRequest.Entry> entries = new ArrayList<>();
        for (int i = 0; i < request.topicOfBatch().size(); i++) {
            entries.add(new AppendRequest.Entry(
                    request.topicOfBatch().get(i), request.records().batches().get(i)));
        }
        JsonProduceAnswer answer = JsonProduceAnswer.of(request.records(), request.topicOfBatch());
        var done = carryOut(acks, principal, entries, request.commit());
        ctx.future(() -> done.thenAcceptAsync(outcomes -> answer.write(ctx, outcomes), answering));
    }

    private void produceFrame(Context ctx, Acks acks, Principal principal, TransactionFrame.Transaction frame) {
        List<AppendRequest.Entry> entries = new ArrayList<>();
        for (TransactionFrame.TopicBatches section : frame.topics()) {
            Topic topic = writable(principal, section.topic());
            section.batches().forEach(batch -> entries.add(new AppendRequest.Entry(topic, batch)));
        }
        JsonCommit commit = commit(frame);
        if (entries.isEmpty() && commit == null) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "the body has no batches and nothing to commit");
        }
        List<Place> places = entries.stream()
                .map(entry -> new Place(entry.topic().name(), entry.batch()))
                .toList();
        var done = carryOut(acks, principal, entries, commit);
        ctx.future(() -> done.thenAcceptAsync(outcomes -> answerFrame(ctx, places, outcomes), answering));
    }

    private static @Nullable JsonCommit commit(TransactionFrame.Transaction frame) {
        if (frame.commitLength() == 0) {
            return null;
        }
        return Json.read(frame.bytes(), frame.commitAt(), frame.commitLength(), JsonCommit::read);
    }

    private CompletableFuture<List<BatchOutcome>> carryOut(
            Acks acks, Principal principal, List<AppendRequest.Entry> entries, @Nullable JsonCommit commit) {
        if (commit == null) {
            return log.append(new AppendRequest(entries, acks, true, principal.name()));
        }
        if (acks == Acks.NONE) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "acks=0 does not wait for what becomes of \"commit\": leave out one of the two");
        }
        commit.request().offsets().stream()
                .map(OffsetToCommit::topic)
                .distinct()
                .forEach(topic -> principal.require(Permission.READ, topic));
        Companion companion = offsets.commitWithAppend(commit.group(), commit.request(), principal.name());
        if (entries.isEmpty()) {
            log.alone(companion, acks);
            return CompletableFuture.completedFuture(List.of());
        }
        return log.append(
                new AppendRequest(entries, acks, true, principal.name(), AppendRequest.Check.EVERYTHING, companion));
    }

    /** What is to be known of a batch for its answer, without its records. */
    private record Place(String topic, int partition, int recordCount) {
        Place(String topic, ProduceFrame.Batch batch) {
            this(topic, batch.partition(), batch.recordCount());
        }
    }

    private static void answerFrame(Context ctx, List<Place> places, List<BatchOutcome> outcomes) {
        requireAppended(places, outcomes);
        List<TransactionResult.Batch> batches = new ArrayList<>(places.size());
        for (int i = 0; i < places.size(); i++) {
            BatchOutcome.Appended appended = (BatchOutcome.Appended) outcomes.get(i);
            batches.add(new TransactionResult.Batch(
                    places.get(i).topic(), places.get(i).partition(), appended.baseOffset(), appended.appendTimeMs()));
        }
        Answers.json(ctx, 200, new TransactionResult(batches));
    }

    private static void requireAppended(List<Place> places, List<BatchOutcome> outcomes) {
        BatchOutcome.@Nullable Refused first = null;
        List<RecordError> errors = new ArrayList<>();
        int before = 0;
        for (int i = 0; i < places.size(); i++) {
            if (outcomes.get(i) instanceof BatchOutcome.Refused refused) {
                first = first == null ? refused : first;
                for (RecordError error : refused.recordErrors()) {
                    errors.add(new RecordError(before + error.index(), error.error(), error.detail()));
                }
            }
            before += places.get(i).recordCount();
        }
        if (first != null && errors.isEmpty()) {
            throw first.exception();
        }
        if (first != null) {
            throw RecordErrors.exception(errors, errors.size());
        }
    }
}
