package dev.tidemark.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server of the SDK's protocol in this process, with a log in memory: over real HTTP, keeping the rules for producers that the real log keeps, and misbehaving where a test asks for it.
 */
final class FakeBroker implements AutoCloseable {
    /** What happens to a produce request. Runs on the request's thread; may wait. */
    interface Fault {
        Fault NONE = (number, request) -> request.handle();

        void on(int number, ProduceRequest request) throws Exception;
    }

    /** A produce request in a fault's hands. */
    interface ProduceRequest {
        /** Appends and answers. */
        void handle() throws IOException;

        /** Appends, and drops the connection in place of an answer. */
        void handleAndCut() throws IOException;

        /** Drops the connection without appending. */
        void cut() throws IOException;

        /** Answers with an error. */
        void refuse(ErrorCode error) throws IOException;

        /** Appends, and answers with an error all the same. */
        void handleAndRefuse(ErrorCode error) throws IOException;

        List<ProduceFrame.Batch> batches();

        String path();
    }

    /** A record as it lies in the log. */
    record Stored(long timestampMs, byte[] key, byte[] value, byte[] headers, byte[] tuple) {}

    private record Known(long producerId, short epoch, int baseSequence, int count, long baseOffset) {}

    private static final class Partition {
        long start;
        final List<Stored> records = new ArrayList<>();
        final List<Known> batches = new ArrayList<>();

        long end() {
            return start + records.size();
        }
    }

    static {
        // Or every answer waits 40 ms for the client's delayed acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final HttpServer http;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, List<Partition>> topics = new LinkedHashMap<>();
    private final AtomicLong producerIds = new AtomicLong(100);
    private final AtomicInteger produceRequests = new AtomicInteger();
    final List<String> requests = new CopyOnWriteArrayList<>();
    volatile Fault fault = Fault.NONE;

    /** The one group there is, whatever it is called; brokers may share it. */
    FakeGroup group = new FakeGroup();

    /** Refuses every request but produce, while it is set. */
    volatile ErrorCode refuseOthers;

    /** Ends of paths whose next request meets a connection that breaks. */
    private final Set<String> toCut = ConcurrentHashMap.newKeySet();

    /** A record whose value contains this is refused by name. */
    volatile String badValue = "\u0000never";

    FakeBroker() {
        this(0);
    }

    FakeBroker(int port) {
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        http.setExecutor(threads);
        http.createContext("/", this::serve);
        http.start();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    int port() {
        return http.getAddress().getPort();
    }

    /** Drops the connection of the next request but produce whose path ends so: as when it was closed just when the request was sent. */
    void cutNext(String pathEnd) {
        toCut.add(pathEnd);
    }

    synchronized void createTopic(String name, int partitions) {
        List<Partition> made = topics.computeIfAbsent(name, n -> new ArrayList<>());
        while (made.size() < partitions) {
            made.add(new Partition());
        }
    }

    synchronized void deleteTopic(String name) {
        topics.remove(name);
    }

    synchronized List<Stored> records(String topic, int partition) {
        return List.copyOf(topics.get(topic).get(partition).records);
    }

    synchronized List<String> values(String topic, int partition) {
        return records(topic, partition).stream()
                .map(record -> new String(record.value(), StandardCharsets.UTF_8))
                .toList();
    }

    synchronized List<Short> epochs(String topic, int partition) {
        return topics.get(topic).get(partition).batches.stream()
                .map(Known::epoch)
                .distinct()
                .toList();
    }

    /** As if the log had lost what it knew of producers. */
    synchronized void forgetProducers() {
        topics.values().forEach(partitions -> partitions.forEach(p -> p.batches.clear()));
    }

    /** As retention does. */
    synchronized void deleteBefore(String topic, int partition, long offset) {
        Partition log = topics.get(topic).get(partition);
        log.records.subList(0, (int) (offset - log.start)).clear();
        log.start = offset;
    }

    synchronized void append(String topic, int partition, long timestampMs, String key, String value) {
        byte[] keyBytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        append(topic, partition, timestampMs, keyBytes, value.getBytes(StandardCharsets.UTF_8), null);
    }

    synchronized void append(String topic, int partition, long timestampMs, byte[] key, byte[] value, byte[] headers) {
        Partition log = topics.get(topic).get(partition);
        byte[] tuple = new byte
                [RecordLayout.size(
                        key == null ? -1 : key.length,
                        value == null ? -1 : value.length,
                        headers == null ? -1 : headers.length)];
        int at = RecordLayout.writeFixedPart(tuple, 0, log.end(), timestampMs, partition);
        at = RecordLayout.writePart(tuple, at, key);
        at = RecordLayout.writePart(tuple, at, value);
        at = RecordLayout.writePart(tuple, at, headers);
        RecordLayout.writePart(tuple, at, null);
        log.records.add(new Stored(timestampMs, key, value, headers, tuple));
        notifyAll();
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (path.endsWith("/records") && exchange.getRequestMethod().equals("POST")) {
                Produce produce = new Produce(exchange, path, body);
                fault.on(produceRequests.incrementAndGet(), produce);
            } else if (toCut.removeIf(path::endsWith)) {
                cut(exchange);
            } else if (refuseOthers != null) {
                problem(exchange, refuseOthers, "as the test wants");
            } else {
                serveOther(exchange, path, body);
            }
        } catch (IOException | InterruptedException gone) {
            // The client, or the test, has had enough.
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A GET that finds no answer at all is repeated by the JDK's client itself: it gets the beginning of one. */
    private static void cut(HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("GET")) {
            exchange.sendResponseHeaders(200, 1000);
        }
    }

    private void serveOther(HttpExchange exchange, String path, byte[] body) throws Exception {
        String[] parts = path.substring(1).split("/");
        if (path.startsWith("/health/")) {
            json(exchange, "{}");
        } else if (path.equals("/v1/producers")) {
            json(exchange, "{\"producer_id\":" + producerIds.incrementAndGet() + ",\"producer_epoch\":0}");
        } else if (path.equals("/v1/fetch")) {
            fetch(exchange, Json.forMessages().readTree(body));
        } else if (path.startsWith("/v1/groups/")) {
            group.serve(exchange, parts, body);
        } else if (path.endsWith("/offsets")) {
            offset(exchange, parts[2], Integer.parseInt(parts[4]));
        } else {
            describe(exchange, parts[2]);
        }
    }

    private void describe(HttpExchange exchange, String topic) throws IOException {
        StringBuilder out = new StringBuilder();
        synchronized (this) {
            List<Partition> partitions = topics.get(topic);
            if (partitions != null) {
                for (int i = 0; i < partitions.size(); i++) {
                    out.append(i == 0 ? "" : ",")
                            .append(
                                    "{\"partition\":%d,\"log_start_offset\":%d,\"log_end_offset\":%d,\"segments\":1,\"bytes\":0}"
                                            .formatted(
                                                    i,
                                                    partitions.get(i).start,
                                                    partitions.get(i).end()));
                }
                out.insert(
                        0,
                        "{\"name\":\"" + topic + "\",\"id\":\"0\",\"partition_count\":" + partitions.size()
                                + ",\"configs\":{},\"partitions\":[");
                out.append("],\"from_a_newer_server\":1}");
            }
        }
        if (out.length() == 0) {
            problem(exchange, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic " + topic);
        } else {
            json(exchange, out.toString());
        }
    }

    private void offset(HttpExchange exchange, String topic, int partition) throws IOException {
        String at = exchange.getRequestURI().getQuery().substring("at=".length());
        String offset = "null";
        String timestamp = "null";
        long end;
        synchronized (this) {
            if (!topics.containsKey(topic)) {
                end = -1;
            } else {
                Partition log = topics.get(topic).get(partition);
                end = log.end();
                if (at.equals("earliest")) {
                    offset = "" + log.start;
                } else if (at.equals("latest")) {
                    offset = "" + end;
                } else {
                    long wanted = Instant.parse(at).toEpochMilli();
                    for (int i = log.records.size() - 1; i >= 0; i--) {
                        if (log.records.get(i).timestampMs() >= wanted) {
                            offset = "" + (log.start + i);
                            timestamp = "\""
                                    + Instant.ofEpochMilli(log.records.get(i).timestampMs()) + "\"";
                        }
                    }
                }
            }
        }
        if (end < 0) {
            problem(exchange, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "there is no topic " + topic);
        } else {
            json(
                    exchange,
                    "{\"offset\":%s,\"timestamp\":%s,\"leader_epoch\":0,\"log_end_offset\":%d}"
                            .formatted(offset, timestamp, end));
        }
    }

    private void fetch(HttpExchange exchange, JsonNode request) throws Exception {
        long deadline = System.nanoTime() + request.get("max_wait_ms").asLong() * 1_000_000;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        synchronized (this) {
            while (!read(request, out)) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    break;
                }
                wait(left);
            }
        }
        exchange.getResponseHeaders().add("Content-Type", MediaTypes.RECORDS_V1);
        exchange.sendResponseHeaders(200, out.size());
        exchange.getResponseBody().write(out.toByteArray());
    }

    /** @return whether there is anything worth answering */
    private boolean read(JsonNode request, ByteArrayOutputStream out) throws IOException {
        out.reset();
        out.write(FetchFrame.header(request.get("partitions").size()));
        int left = request.get("max_bytes").asInt();
        boolean any = false;
        for (JsonNode place : request.get("partitions")) {
            List<Partition> partitions = topics.get(place.get("topic").asText());
            long from = place.get("offset").asLong();
            if (partitions == null) {
                out.write(FetchFrame.encode(header(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, new Partition(), from, 0, 0)));
                any = true;
                continue;
            }
            Partition log = partitions.get(place.get("partition").asInt());
            if (from < log.start || from > log.end()) {
                out.write(FetchFrame.encode(header(ErrorCode.OFFSET_OUT_OF_RANGE, log, from, 0, 0)));
                any = true;
                continue;
            }
            ByteArrayOutputStream records = new ByteArrayOutputStream();
            int count = 0;
            for (long at = from; at < log.end(); at++, count++) {
                byte[] tuple = log.records.get((int) (at - log.start)).tuple();
                if (any && left < tuple.length) {
                    break;
                }
                records.write(tuple);
                left -= tuple.length;
                any = true;
            }
            out.write(FetchFrame.encode(header(null, log, from + count, count, records.size())));
            records.writeTo(out);
        }
        return any;
    }

    private static FetchFrame.SectionHeader header(ErrorCode error, Partition log, long next, int count, int length) {
        return new FetchFrame.SectionHeader(
                error == null ? 0 : (short) error.code(),
                error == null ? "" : error.title(),
                log.start,
                log.end(),
                log.end(),
                0,
                next,
                count,
                length);
    }

    static void json(HttpExchange exchange, String text) throws IOException {
        answer(exchange, 200, MediaTypes.JSON, text);
    }

    static void problem(HttpExchange exchange, ErrorCode error, String detail) throws IOException {
        answer(
                exchange,
                error.httpStatus(),
                MediaTypes.PROBLEM,
                "{\"error\":\"%s\",\"detail\":\"%s\",\"retriable\":%b}".formatted(error, detail, error.retriable()));
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private final class Produce implements ProduceRequest {
        private final HttpExchange exchange;
        private final String path;
        private final List<ProduceFrame.Batch> batches;

        Produce(HttpExchange exchange, String path, byte[] body) {
            this.exchange = exchange;
            this.path = path;
            this.batches = ProduceFrame.read(body, body.length);
        }

        @Override
        public void handle() throws IOException {
            json(exchange, append());
        }

        @Override
        public void handleAndCut() throws IOException {
            append();
            cut();
        }

        @Override
        public void cut() {
            exchange.close();
        }

        @Override
        public void refuse(ErrorCode error) throws IOException {
            problem(exchange, error, "as the test wants");
        }

        @Override
        public void handleAndRefuse(ErrorCode error) throws IOException {
            append();
            refuse(error);
        }

        @Override
        public List<ProduceFrame.Batch> batches() {
            return batches;
        }

        @Override
        public String path() {
            return exchange.getRequestURI().toString();
        }

        private String append() {
            synchronized (FakeBroker.this) {
                String topic = path.split("/")[3];
                List<String> results = new ArrayList<>();
                for (ProduceFrame.Batch batch : batches) {
                    if (!topics.containsKey(topic)) {
                        results.add(refusal(batch, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "null"));
                        continue;
                    }
                    results.add(append(topics.get(topic).get(batch.partition()), batch));
                }
                FakeBroker.this.notifyAll();
                return "{\"batches\":[" + String.join(",", results) + "]}";
            }
        }

        private String append(Partition log, ProduceFrame.Batch batch) {
            List<Stored> records = decode(batch);
            List<String> bad = new ArrayList<>();
            for (int i = 0; i < records.size(); i++) {
                byte[] value = records.get(i).value();
                if (value != null && new String(value, StandardCharsets.UTF_8).contains(badValue)) {
                    bad.add("{\"index\":%d,\"error\":\"INVALID_RECORD\",\"detail\":\"record %d is bad\"}"
                            .formatted(i, i));
                }
            }
            if (!bad.isEmpty()) {
                return refusal(batch, ErrorCode.INVALID_RECORD, "[" + String.join(",", bad) + "]");
            }
            if (batch.producerId() == ProduceFrame.NO_PRODUCER_ID) {
                return appended(batch, store(log, records));
            }
            List<Known> known = log.batches.stream()
                    .filter(b -> b.producerId() == batch.producerId())
                    .toList();
            Known last = known.isEmpty() ? null : known.get(known.size() - 1);
            if (last != null && batch.producerEpoch() < last.epoch()) {
                return refusal(batch, ErrorCode.INVALID_PRODUCER_EPOCH, "null");
            }
            boolean sameEpoch = last != null && last.epoch() == batch.producerEpoch();
            int expected = sameEpoch ? last.baseSequence() + last.count() : 0;
            if (batch.baseSequence() != expected) {
                return known.stream()
                        .skip(Math.max(0, known.size() - 5))
                        .filter(b -> b.epoch() == batch.producerEpoch()
                                && b.baseSequence() == batch.baseSequence()
                                && b.count() == batch.recordCount())
                        .findFirst()
                        .map(b -> appended(batch, b.baseOffset()))
                        .orElseGet(() -> refusal(batch, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "null"));
            }
            long base = store(log, records);
            log.batches.add(new Known(
                    batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.recordCount(), base));
            return appended(batch, base);
        }

        private static long store(Partition log, List<Stored> records) {
            long base = log.end();
            for (Stored record : records) {
                RecordLayout.setOffset(record.tuple(), 0, log.end());
                log.records.add(record);
            }
            return base;
        }

        private String appended(ProduceFrame.Batch batch, long base) {
            boolean withoutOffset = exchange.getRequestURI().getQuery().contains("acks=0");
            return "{\"partition\":%d,\"base_offset\":%d,\"append_time_ms\":-1}"
                    .formatted(batch.partition(), withoutOffset ? -1 : base);
        }

        private static String refusal(ProduceFrame.Batch batch, ErrorCode error, String recordErrors) {
            return "{\"partition\":%d,\"base_offset\":-1,\"append_time_ms\":-1,\"error\":\"%s\",\"detail\":\"%s\",\"record_errors\":%s}"
                    .formatted(batch.partition(), error, error.title(), recordErrors);
        }

        private static List<Stored> decode(ProduceFrame.Batch batch) {
            List<Stored> records = new ArrayList<>();
            byte[] bytes = batch.bytes();
            int at = batch.at();
            while (at < batch.at() + batch.length()) {
                if (!RecordLayout.hasFixedPart(bytes, at)
                        || RecordLayout.offset(bytes, at) != records.size()
                        || RecordLayout.partition(bytes, at) != batch.partition()) {
                    throw new IllegalArgumentException("record " + records.size() + " is not laid out as it should be");
                }
                int keyAt = at + RecordLayout.KEY_LENGTH_AT;
                int valueAt = RecordLayout.skip(bytes, keyAt);
                int headersAt = RecordLayout.skip(bytes, valueAt);
                int end = RecordLayout.end(bytes, at);
                records.add(new Stored(
                        RecordLayout.timestampMs(bytes, at),
                        part(bytes, keyAt),
                        part(bytes, valueAt),
                        part(bytes, headersAt),
                        Arrays.copyOfRange(bytes, at, end)));
                at = end;
            }
            if (records.size() != batch.recordCount()) {
                throw new IllegalArgumentException("the batch has another number of records than its head says");
            }
            return records;
        }

        private static byte[] part(byte[] bytes, int lengthAt) {
            int length = RecordLayout.getInt(bytes, lengthAt);
            return length < 0 ? null : Arrays.copyOfRange(bytes, lengthAt + 4, lengthAt + 4 + length);
        }
    }
}
