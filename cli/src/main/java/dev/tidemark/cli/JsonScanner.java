package dev.tidemark.cli;

/**
 * Finds its way through a JSON text without reading what it passes: strings are looked at for their end, numbers and words for theirs. What is skipped may
 * therefore be no JSON; whoever stores it checks it once more. A tenth of a parser's work on a JVM that has just started.
 */
final class JsonScanner {
    private final byte[] text;
    private int at;

    JsonScanner(byte[] text) {
        this.text = text;
    }

    /** Where it stands. */
    int position() {
        return at;
    }

    /** The next byte that is not blank, where it then stands; 0 at the end. */
    byte peek() {
        while (at < text.length && isBlank(text[at])) {
            at++;
        }
        return at < text.length ? text[at] : 0;
    }

    /** Passes that byte when it is the next one that is not blank. */
    boolean passes(char expected) {
        boolean there = peek() == expected;
        if (there) {
            at++;
        }
        return there;
    }

    void expect(char expected) throws BadLine {
        if (!passes(expected)) {
            throw notJson("'" + expected + "' expected");
        }
    }

    /** Only blanks may follow. */
    void expectEnd() throws BadLine {
        if (peek() != 0 || at < text.length) {
            throw notJson("more behind its end");
        }
    }

    /** Passes whatever value comes next. */
    void skipValue() throws BadLine {
        switch (peek()) {
            case '"' -> skipString();
            case '{', '[' -> skipNested();
            default -> skipWord();
        }
    }

    /** Passes a string from quote to quote. */
    void skipString() throws BadLine {
        expect('"');
        while (at < text.length && text[at] != '"') {
            // What is escaped may be a quote.
            at += text[at] == '\\' ? 2 : 1;
        }
        at = Math.min(at, text.length);
        expect('"');
    }

    private void skipNested() throws BadLine {
        int depth = 0;
        do {
            switch (peek()) {
                case '"' -> skipString();
                case '{', '[' -> {
                    depth++;
                    at++;
                }
                case '}', ']' -> {
                    depth--;
                    at++;
                }
                case 0 -> throw notJson("cut off");
                default -> at++;
            }
        } while (depth > 0);
    }

    /** A number, true, false or null: up to what cannot belong to it. */
    private void skipWord() throws BadLine {
        int from = at;
        while (at < text.length && !isBlank(text[at]) && ",:]}[{\"".indexOf(text[at]) < 0) {
            at++;
        }
        if (at == from) {
            throw notJson("a value expected");
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\n' || b == '\r';
    }

    BadLine notJson(String why) {
        return new BadLine("the value is not JSON: " + why + " at byte " + at);
    }
}
