package dev.tidemark.server.outbox;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Makes batches of staged records: their order is kept within each partition. For one thread. */
final class SliceBatches {
    private final Topics topics;

    /** Where the next slice's records go that have neither partition nor key. Servers begin at different ones. */
    private int sticky = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

    SliceBatches(Topics topics) {
        this.topics = topics;
    }

    /**
     * The batches of a slice, or of its beginning where that goes to as many partitions as may be appended to together.
     *
     * @param taken how many of the slice's records these are
     * @param records those in the batches
     * @param orphans the records whose topics have been deleted
     */
    record Batches(
            int taken, List<AppendRequest.Entry> entries, List<StagedRecord> records, List<StagedRecord> orphans) {}

    Batches of(List<StagedRecord> records) {
        sticky = sticky + 1 & Integer.MAX_VALUE;
        Map<Integer, Topic> known = new HashMap<>();
        Map<Place, List<Run>> runs = new LinkedHashMap<>();
        List<StagedRecord> placed = new ArrayList<>();
        List<StagedRecord> orphans = new ArrayList<>();
        for (StagedRecord record : records) {
            StagedTopic staged = record.topic();
            Topic topic = staged == null ? null : known.computeIfAbsent(staged.id(), id -> topicOrNull(staged));
            if (topic == null) {
                orphans.add(record);
                continue;
            }
            Place place = new Place(topic, partition(topic, record));
            if (runs.size() == Appender.MAX_PARTITIONS && !runs.containsKey(place)) {
                break;
            }
            placed.add(record);
            add(runs.computeIfAbsent(place, p -> new ArrayList<>()), record);
        }
        List<AppendRequest.Entry> entries = new ArrayList<>();
        runs.forEach((place, ofPlace) -> ofPlace.forEach(run -> entries.add(run.entry(place))));
        return new Batches(placed.size() + orphans.size(), entries, placed, orphans);
    }

    /** A batch is one principal's. */
    private static void add(List<Run> runs, StagedRecord record) {
        Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
        if (last == null || !last.principal.equals(record.principal())) {
            last = new Run(record.principal(), new ArrayList<>());
            runs.add(last);
        }
        last.records.add(record);
    }

    private @Nullable Topic topicOrNull(StagedTopic staged) {
        try {
            Topic topic = topics.find(staged.name());
            if (!staged.isStill(topic)) {
                topic = topics.findAnew(staged.name());
            }
            return topic.id() == staged.id() ? topic : null;
        } catch (ApiException e) {
            if (e.error() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
                return null;
            }
            throw e;
        }
    }

    private int partition(Topic topic, StagedRecord record) {
        Integer chosen = record.partition();
        if (chosen != null) {
            return chosen;
        }
        byte[] key = record.key();
        return key == null ? sticky % topic.partitionCount() : Partitioner.forKey(key, topic.partitionCount());
    }

    private record Place(Topic topic, int partition) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Place place && place.topic.id() == topic.id() && place.partition == partition;
        }

        @Override
        public int hashCode() {
            return 31 * topic.id() + partition;
        }
    }

    private record Run(String principal, List<StagedRecord> records) {
        AppendRequest.Entry entry(Place place) {
            byte[] bytes = new byte[records.stream().mapToInt(Run::size).sum()];
            int at = 0;
            for (int i = 0; i < records.size(); i++) {
                at = write(bytes, at, i, place.partition(), records.get(i));
            }
            ProduceFrame.Batch batch = new ProduceFrame.Batch(
                    place.partition(),
                    ProduceFrame.NO_PRODUCER_ID,
                    (short) -1,
                    -1,
                    records.size(),
                    bytes,
                    0,
                    bytes.length);
            return new AppendRequest.Entry(place.topic(), batch, principal);
        }

        private static int size(StagedRecord record) {
            return RecordLayout.size(length(record.key()), length(record.value()), length(record.headers()));
        }

        private static int length(byte @Nullable [] part) {
            return part == null ? -1 : part.length;
        }

        private static int write(byte[] bytes, int at, int index, int partition, StagedRecord record) {
            int next = RecordLayout.writeFixedPart(bytes, at, index, record.timestampMs(), partition);
            next = RecordLayout.writePart(bytes, next, record.key());
            next = RecordLayout.writePart(bytes, next, record.value());
            next = RecordLayout.writePart(bytes, next, record.headers());
            return RecordLayout.writePart(bytes, next, null);
        }
    }
}
