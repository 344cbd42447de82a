package dev.tidemark.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line an event, {@code key=value} throughout: {@code time=… level=INFO logger=Segments msg="segment made" base_offset=0}. Values a message ends in
 * ({@code words key=value key=value}) become keys of the line; stack traces are folded into it.
 */
public final class LogfmtLayout extends LayoutBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    private static final Pattern WORDS_THEN_VALUES = Pattern.compile("(.*?)((?: \\w+=(?:\"[^\"]*\"|\\S*))*)");

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(200);
        line.append("time=").append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
        line.append(" level=").append(event.getLevel());
        line.append(" logger=").append(simpleName(event.getLoggerName()));
        appendMessage(line, event.getFormattedMessage());
        event.getMDCPropertyMap().forEach((key, value) -> appendQuoted(line, key, value));
        appendFailure(line, event.getThrowableProxy());
        return line.append('\n').toString();
    }

    private static String simpleName(String logger) {
        return logger.substring(logger.lastIndexOf('.') + 1);
    }

    private static void appendMessage(StringBuilder line, String message) {
        String oneLine = message.replace('\n', ' ').replace('\r', ' ');
        Matcher parts = WORDS_THEN_VALUES.matcher(oneLine);
        if (parts.matches()) {
            appendQuoted(line, "msg", parts.group(1));
            line.append(parts.group(2));
        } else {
            appendQuoted(line, "msg", oneLine);
        }
    }

    private static void appendFailure(StringBuilder line, IThrowableProxy failure) {
        if (failure != null) {
            appendQuoted(line, "error", failure.getClassName() + ": " + failure.getMessage());
            appendQuoted(line, "stack", ThrowableProxyUtil.asString(failure));
        }
    }

    private static void appendQuoted(StringBuilder line, String key, String value) {
        line.append(' ').append(key).append("=\"");
        for (int at = 0; at < value.length(); at++) {
            appendEscaped(line, value.charAt(at));
        }
        line.append('"');
    }

    private static void appendEscaped(StringBuilder line, char character) {
        switch (character) {
            case '"' -> line.append("\\\"");
            case '\\' -> line.append("\\\\");
            case '\n' -> line.append("\\n");
            case '\t' -> line.append("\\t");
            case '\r' -> line.append("\\r");
            default -> line.append(character);
        }
    }
}
