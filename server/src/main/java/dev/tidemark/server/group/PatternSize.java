package dev.tidemark.server.group;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How large a regular expression is with its counted repetitions written out, which is what a matcher does: {@code (a{1000}){1000}} is a million. Never less than the truth; where the expression is broken, anything.
 */
final class PatternSize {
    private static final long MOST = Integer.MAX_VALUE;

    private final String pattern;
    private final Deque<Long> outer = new ArrayDeque<>();
    private int at;
    private long size;
    private long lastPart;

    private PatternSize(String pattern) {
        this.pattern = pattern;
    }

    static long of(String pattern) {
        return new PatternSize(pattern).count();
    }

    private long count() {
        while (at < pattern.length()) {
            next();
        }
        long all = size;
        for (long group : outer) {
            all += group;
        }
        return Math.min(all, MOST);
    }

    private void next() {
        char c = pattern.charAt(at);
        if (pattern.startsWith("\\Q", at)) {
            skipQuoted();
        } else if (c == '\\') {
            at += 2;
            add(1);
        } else if (c == '[') {
            skipClass();
        } else if (c == '(') {
            outer.push(size);
            size = 0;
            at++;
        } else if (c == ')') {
            closeGroup();
        } else if (c == '{') {
            repeat();
        } else {
            at++;
            add(1);
        }
    }

    private void add(long part) {
        lastPart = part;
        size = Math.min(size + part, MOST);
    }

    private void skipQuoted() {
        int end = pattern.indexOf("\\E", at + 2);
        int quoted = (end < 0 ? pattern.length() : end) - at - 2;
        at = end < 0 ? pattern.length() : end + 2;
        size = Math.min(size + quoted, MOST);
        // What is repeated may be the last character or, in some dialects, all of it.
        lastPart = quoted;
    }

    /** To the bracket that closes it; one that comes first stands for itself. */
    private void skipClass() {
        at++;
        if (at < pattern.length() && pattern.charAt(at) == '^') {
            at++;
        }
        int first = at;
        while (at < pattern.length() && (pattern.charAt(at) != ']' || at == first)) {
            int named = pattern.startsWith("[:", at) ? pattern.indexOf(":]", at + 2) : -1;
            at = named >= 0 ? named + 2 : pattern.charAt(at) == '\\' ? at + 2 : at + 1;
        }
        at++;
        add(1);
    }

    private void closeGroup() {
        at++;
        if (!outer.isEmpty()) {
            long group = size + 1;
            size = outer.pop();
            add(group);
        }
    }

    /** {@code {n}}, {@code {n,}} and {@code {n,m}}; anything else is characters. */
    private void repeat() {
        int end = pattern.indexOf('}', at);
        String counts = end < 0 ? "" : pattern.substring(at + 1, end);
        if (!counts.matches("[0-9]{1,9}(,([0-9]{1,9})?)?")) {
            at++;
            add(1);
            return;
        }
        long most = 1;
        for (String count : counts.split(",")) {
            most = Math.max(most, Long.parseLong(count));
        }
        at = end + 1;
        long repeated = Math.min(lastPart * (most + 1), MOST);
        size = Math.min(size - lastPart + repeated, MOST);
        lastPart = repeated;
    }
}
