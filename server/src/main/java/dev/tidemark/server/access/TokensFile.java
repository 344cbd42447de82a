package dev.tidemark.server.access;

import dev.tidemark.server.file.SmallFile;
import dev.tidemark.server.file.UnusableFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file with the tokens' hashes: a line a token ({@link TokenLine}), empty lines, and comments that begin with {@code #}. A token may have several lines, of one principal, and is
 * allowed what they say together.
 */
public final class TokensFile {
    private TokensFile() {}

    /** @throws UnusableFileException naming the file and the line at fault */
    static Map<Token.Hash, Principal> read(Path file) {
        Map<Token.Hash, Principal> principals = new HashMap<>();
        Map<Token.Hash, List<Grant>> grants = new HashMap<>();
        int number = 0;
        for (String line : text(file).split("\\R", -1)) {
            number++;
            if (line.isBlank() || line.strip().startsWith("#")) {
                continue;
            }
            try {
                add(TokenLine.parse(line), principals, grants);
            } catch (IllegalArgumentException wrong) {
                throw new UnusableFileException(file + ", line " + number + ": " + wrong.getMessage(), wrong);
            }
        }
        return Map.copyOf(principals);
    }

    private static void add(
            TokenLine line, Map<Token.Hash, Principal> principals, Map<Token.Hash, List<Grant>> grants) {
        Principal before = principals.get(line.hash());
        if (before != null && !before.name().equals(line.principal())) {
            throw new IllegalArgumentException("the token is another principal's already, " + before.name() + "'s");
        }
        List<Grant> all = grants.computeIfAbsent(line.hash(), hash -> new ArrayList<>());
        all.add(line.grant());
        principals.put(line.hash(), new Principal(line.principal(), all));
    }

    private static String text(Path file) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(SmallFile.read(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UnusableFileException(file + ": is not UTF-8 text", e);
        }
    }

    /** What others than its owner and group may do with the file, in words; null when nothing, or nobody can say. */
    static @Nullable String openTo(Path file) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                return "everybody on this machine may write it";
            }
            return permissions.contains(PosixFilePermission.OTHERS_READ)
                    ? "everybody on this machine may read it"
                    : null;
        } catch (IOException | UnsupportedOperationException unknown) {
            return null;
        }
    }

    /**
     * Makes a token and adds its line to the file, which is made, for its owner alone, where there is none.
     *
     * @param allow {@code read}, {@code write} and {@code admin}, separated by commas, or {@code none}
     * @param topics names or prefixes followed by {@code *}, separated by commas; null for all topics
     * @return the token, which is kept nowhere
     * @throws IllegalArgumentException saying which of the parameters is not legal
     * @throws UnusableFileException when the file is broken already or cannot be written; nothing is added then
     */
    public static String addToken(Path file, String principal, String allow, @Nullable String topics) {
        String token = Token.fresh(new SecureRandom());
        TokenLine line =
                new TokenLine(principal, TokenLine.permissions(allow), TokenLine.topics(topics), Token.hash(token));
        try {
            create(file);
            read(file);
            append(file, line.text());
        } catch (IOException e) {
            throw new UnusableFileException(file + ": cannot be written: " + e.getMessage(), e);
        }
        return token;
    }

    private static void create(Path file) throws IOException {
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            } else {
                Files.createFile(file);
            }
        } catch (FileAlreadyExistsException there) {
            // With the owner and the rights somebody gave it.
        }
    }

    /** In place, and in one write: a rename would not get through a mounted file, and would lose its owner. */
    private static void append(Path file, String line) throws IOException {
        String text = text(file);
        boolean unfinished = !text.isEmpty() && !text.endsWith("\n");
        Files.writeString(file, (unfinished ? "\n" : "") + line + "\n", StandardOpenOption.APPEND);
    }
}
