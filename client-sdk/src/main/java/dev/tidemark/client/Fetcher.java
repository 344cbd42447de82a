package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.api.FetchBody;
import dev.tidemark.protocol.api.PartitionOffset;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Fetches ahead of the application on a thread of its own: one request after the other, for all partitions that want more, as long as there is room. */
final class Fetcher {
    private static final Duration STOP_TIME = Duration.ofSeconds(5);

    private final ConsumerConfig config;
    private final Transport transport;
    private final Offsets offsets;

    /** Null without a group. */
    private final @Nullable GroupRequests group;

    private final ConsumerPartitions partitions;
    private final Backoff backoff;
    private final Thread thread;
    private int failures;
    /** By the answer before; the thread's own. */
    private Duration askedToWait = Duration.ZERO;

    private int turn;
    private volatile boolean stopped;

    Fetcher(
            ConsumerConfig config,
            Transport transport,
            Offsets offsets,
            @Nullable GroupRequests group,
            ConsumerPartitions partitions) {
        this.config = config;
        this.transport = transport;
        this.offsets = offsets;
        this.group = group;
        this.partitions = partitions;
        this.backoff = Backoff.of(config.connection(), ThreadLocalRandom::current);
        this.thread = new Thread(this::run, "tidemark-consumer-fetcher");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Breaks off the request under way; bounded. Idempotent. */
    void stop() {
        stopped = true;
        thread.interrupt();
        try {
            thread.join(STOP_TIME.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!stopped) {
            try {
                FetchWish wish = partitions.awaitWish(thread::interrupt);
                if (wish == null) {
                    return;
                }
                boolean pause;
                try {
                    pause = ask(wish);
                } finally {
                    partitions.answered();
                }
                failures = pause ? failures + 1 : 0;
                if (pause) {
                    TimeUnit.NANOSECONDS.sleep(Backoff.orRetryAfter(backoff.nanos(failures), askedToWait));
                }
            } catch (InterruptedException change) {
                // There is more to ask for, or this is the end; the loop sees which.
            }
        }
    }

    /** @return whether to pause before asking again */
    private boolean ask(FetchWish wish) throws InterruptedException {
        List<Place> places = wish.first();
        askedToWait = Duration.ZERO;
        try {
            if (places.get(0).atCommitted()) {
                return takeCommitted(places);
            }
            return places.get(0).resetTo() == null ? fetch(places) : reset(places);
        } catch (InterruptException change) {
            // The flag is set again; the pause that follows, or the next wait, would end at once.
            Thread.interrupted();
            return false;
        } catch (TidemarkException failure) {
            if (failure.isRetriable()) {
                return true;
            }
            places.forEach(place -> partitions.fail(place, failure));
            return false;
        } catch (RuntimeException bug) {
            TidemarkException failure =
                    new TidemarkException(ErrorCode.UNKNOWN_SERVER_ERROR, "fetching failed: " + bug, bug);
            places.forEach(place -> partitions.fail(place, failure));
            return false;
        }
    }

    private boolean takeCommitted(List<Place> places) {
        GroupRequests requests = Objects.requireNonNull(group, "a place at a committed offset without a group");
        List<TopicPartition> asked = places.stream().map(Place::topicPartition).toList();
        Map<TopicPartition, OffsetAndMetadata> found =
                requests.committed(asked, config.connection().requestTimeout());
        places.forEach(place -> partitions.foundCommitted(place, found.get(place.topicPartition())));
        return false;
    }

    private boolean reset(List<Place> places) {
        try {
            find(places);
        } catch (TidemarkException failure) {
            if (failure.isRetriable() || places.size() == 1) {
                throw failure;
            }
            // One topic that is gone must not hold up the others.
            places.forEach(this::resetAlone);
        }
        return false;
    }

    private void resetAlone(Place place) {
        try {
            find(List.of(place));
        } catch (TidemarkException failure) {
            if (!failure.isRetriable()) {
                partitions.fail(place, failure);
            }
        }
    }

    private void find(List<Place> places) {
        Map<TopicPartition, OffsetSpec> specs = new LinkedHashMap<>();
        for (Place place : places) {
            OffsetSpec spec = place.resetTo();
            if (spec != null) {
                specs.put(place.topicPartition(), spec);
            }
        }
        Map<TopicPartition, Long> found =
                offsets.find(specs, config.connection().requestTimeout());
        for (Place place : places) {
            Long offset = found.get(place.topicPartition());
            if (offset != null) {
                partitions.found(place, offset);
            }
        }
    }

    private boolean fetch(List<Place> wanted) throws InterruptedException {
        // The server fills an answer in the order of the request: another partition comes first each time.
        List<Place> places = new ArrayList<>(wanted);
        Collections.rotate(places, -Math.floorMod(turn++, places.size()));
        List<PartitionOffset> positions = places.stream().map(Place::request).toList();
        FetchBody body = new FetchBody(
                positions, config.fetchMaxBytes(), (int) config.fetchMaxWait().toMillis());
        Request request = Request.json("POST", "/v1/fetch", body).accepting(MediaTypes.RECORDS_V1);
        Answer answer =
                transport.send(request, config.connection().requestTimeout().plus(config.fetchMaxWait()));
        askedToWait = answer.retryAfter();
        if (!answer.isSuccess()) {
            throw Failures.of(answer);
        }
        List<FetchFrame.Section> sections = FetchFrame.read(answer.body());
        if (sections.size() != places.size()) {
            throw new TidemarkException(
                    ErrorCode.UNKNOWN_SERVER_ERROR, answer.server() + " did not answer for every partition");
        }
        boolean pause = false;
        for (int i = 0; i < places.size(); i++) {
            pause |= partitions.received(places.get(i), sections.get(i));
        }
        return pause;
    }
}
