package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.api.BatchResult;
import dev.tidemark.protocol.api.ProduceResult;
import dev.tidemark.protocol.api.RecordProblem;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/** The producer's requests and their answers: those of a produce request as a verdict on each of its batches. */
final class ProduceExchange {
    private final Transport transport;
    private final Acks acks;

    ProduceExchange(Transport transport, Acks acks) {
        this.transport = transport;
        this.acks = acks;
    }

    /** Sends the batches, all of one topic, and waits. A verdict for each in their order; never throws. */
    List<Verdict> send(List<Sent> batches, Duration timeout) {
        try {
            String topic = batches.get(0).batch().partition.topic();
            Request request = new Request(
                    "POST",
                    Request.topicPath(topic) + "/records?acks=" + acks.wireName(),
                    ProduceBody.of(batches),
                    MediaTypes.RECORDS_V1,
                    MediaTypes.JSON);
            return verdicts(batches, transport.send(request, timeout));
        } catch (TidemarkException noAnswer) {
            return forAll(batches, new Verdict.BrokenOff(noAnswer, Duration.ZERO));
        } catch (InterruptedException closing) {
            return forAll(batches, new Verdict.BrokenOff(new InterruptException(closing), Duration.ZERO));
        } catch (RuntimeException | Error bug) {
            // Whatever it is, the records' futures must not wait for ever.
            TidemarkException failure =
                    new TidemarkException(ErrorCode.UNKNOWN_SERVER_ERROR, "sending failed: " + bug, bug);
            return forAll(batches, new Verdict.BrokenOff(failure, Duration.ZERO));
        }
    }

    /** Asks for a producer id nobody had before. @throws TidemarkException when there is none to be had */
    ProducerIdentity newIdentity(Duration timeout) {
        try {
            Answer answer = transport.send(Request.post("/v1/producers"), timeout);
            if (!answer.isSuccess()) {
                throw Failures.of(answer);
            }
            var given = answer.as(dev.tidemark.protocol.api.ProducerIdentity.class);
            return new ProducerIdentity(given.producerId(), given.producerEpoch());
        } catch (InterruptedException closing) {
            throw new InterruptException(closing);
        }
    }

    private static List<Verdict> verdicts(List<Sent> batches, Answer answer) {
        if (!answer.isSuccess()) {
            return forAll(batches, new Verdict.BrokenOff(Failures.of(answer), answer.retryAfter()));
        }
        List<BatchResult> results = answer.as(ProduceResult.class).batches();
        if (results == null || results.size() != batches.size()) {
            throw new TidemarkException(
                    ErrorCode.UNKNOWN_SERVER_ERROR, answer.server() + " did not answer for every batch");
        }
        return IntStream.range(0, results.size())
                .mapToObj(i -> verdict(batches.get(i).batch(), results.get(i)))
                .toList();
    }

    private static Verdict verdict(Batch batch, BatchResult result) {
        String error = result.error();
        if (error == null) {
            return new Verdict.Appended(result.baseOffset(), result.appendTimeMs());
        }
        ErrorCode code = ErrorCode.byName(error).orElse(ErrorCode.UNKNOWN_SERVER_ERROR);
        String detail = Objects.requireNonNullElse(result.detail(), code.title());
        List<RecordProblem> problems = result.recordErrors() == null ? List.of() : result.recordErrors();
        return new Verdict.Refused(Failures.of(code, batch.partition + ": " + detail), problems);
    }

    private static List<Verdict> forAll(List<Sent> batches, Verdict verdict) {
        return batches.stream().map(batch -> verdict).toList();
    }
}
