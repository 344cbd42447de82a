package dev.tidemark.cli;

/** Text as a terminal shows it. */
final class DisplayText {
    private DisplayText() {}

    /** The text on one line, with control characters (a newline, an escape sequence) spelled out so that they neither break the table nor drive the terminal. */
    static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                return spelledOut(text);
            }
        }
        return text;
    }

    private static String spelledOut(String text) {
        StringBuilder shown = new StringBuilder(text.length() + 16);
        text.chars().forEach(c -> appendShown(shown, (char) c));
        return shown.toString();
    }

    private static void appendShown(StringBuilder shown, char c) {
        switch (c) {
            case '\n' -> shown.append("\\n");
            case '\r' -> shown.append("\\r");
            case '\t' -> shown.append("\\t");
            default -> {
                if (Character.isISOControl(c)) {
                    shown.append(String.format("\\x%02x", (int) c));
                } else {
                    shown.append(c);
                }
            }
        }
    }

    /** How many columns of a terminal the text takes: none for what combines with the character before, two for East Asian wide characters. */
    static int width(String text) {
        int width = 0;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x300) {
                return width + text.codePoints().skip(i).map(DisplayText::width).sum();
            }
            width++;
        }
        return width;
    }

    private static int width(int codePoint) {
        int type = Character.getType(codePoint);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        return isWide(codePoint) ? 2 : 1;
    }

    /** The main blocks of Unicode's East Asian Width W and F, after Markus Kuhn's wcwidth. */
    private static boolean isWide(int c) {
        return c >= 0x1100
                && (c <= 0x115f
                        || (c >= 0x2e80 && c <= 0xa4cf && c != 0x303f)
                        || (c >= 0xac00 && c <= 0xd7a3)
                        || (c >= 0xf900 && c <= 0xfaff)
                        || (c >= 0xfe30 && c <= 0xfe6f)
                        || (c >= 0xff00 && c <= 0xff60)
                        || (c >= 0xffe0 && c <= 0xffe6)
                        || (c >= 0x1f300 && c <= 0x1f64f)
                        || (c >= 0x1f900 && c <= 0x1f9ff)
                        || (c >= 0x20000 && c <= 0x3fffd));
    }
}
