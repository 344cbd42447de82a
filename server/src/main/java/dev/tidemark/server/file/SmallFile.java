package dev.tidemark.server.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files whole, within a bound. */
public final class SmallFile {
    /** Thousands of tokens, or more certificates than any chain has. */
    public static final int MAX_BYTES = 1 << 20;

    private SmallFile() {}

    /** @throws UnusableFileException naming the file, when it cannot be read or has more than {@link #MAX_BYTES} */
    public static byte[] read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MAX_BYTES + 1);
            if (content.length > MAX_BYTES) {
                throw new UnusableFileException(file + ": is larger than " + MAX_BYTES + " bytes");
            }
            return content;
        } catch (NoSuchFileException e) {
            throw new UnusableFileException(file + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new UnusableFileException(file + ": may not be read by the server's user", e);
        } catch (IOException e) {
            throw new UnusableFileException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
