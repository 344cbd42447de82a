package dev.tidemark.benchmarks.load;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * The values every contestant sends: 1,000 different ones of one size, made once and picked at random, as the {@code --payload-file} of Kafka's producer
 * tool wants them (one a line). Six random bits a byte, so nothing compresses well, and no contestant spends its time drawing random bytes.
 */
public final class Payloads {
    private static final int COUNT = 1000;
    private static final byte[] ALPHABET =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".getBytes(StandardCharsets.US_ASCII);

    private final byte[][] values;
    private final SplittableRandom random = new SplittableRandom(0);

    private Payloads(byte[][] values) {
        this.values = values;
    }

    /** Makes the file for values of a size, always with the same content. */
    public static Path write(Path directory, int size) throws IOException {
        Path file = directory.resolve("payload-" + size + ".txt");
        SplittableRandom random = new SplittableRandom(size);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < COUNT; i++) {
                for (int j = 0; j < size; j++) {
                    out.write(ALPHABET[random.nextInt(ALPHABET.length)]);
                }
                if (i < COUNT - 1) {
                    out.write('\n');
                }
            }
        }
        return file;
    }

    /** @throws IllegalArgumentException when the file is empty */
    public static Payloads read(Path file) throws IOException {
        byte[][] values = Files.readAllLines(file, StandardCharsets.US_ASCII).stream()
                .map(line -> line.getBytes(StandardCharsets.US_ASCII))
                .toArray(byte[][]::new);
        if (values.length == 0) {
            throw new IllegalArgumentException("no payloads in " + file);
        }
        return new Payloads(values);
    }

    /** One of the values; not to be written to. Not thread-safe. */
    public byte[] next() {
        return values[random.nextInt(values.length)];
    }
}
