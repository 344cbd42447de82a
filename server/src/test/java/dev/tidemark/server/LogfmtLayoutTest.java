package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogfmtLayoutTest {
    private final LogfmtLayout layout = new LogfmtLayout();

    @Test
    void valuesAtTheEndOfAMessageBecomeKeys() {
        assertThat(line("segment made base_offset=7 reason=\"a b\"", null))
                .matches("time=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z level=INFO logger=Segments"
                        + " msg=\"segment made\" base_offset=7 reason=\"a b\"\n");
    }

    @Test
    void messageWithoutValuesIsQuoted() {
        assertThat(line("say \"hello\" to C:\\ and a=b again", null))
                .contains("msg=\"say \\\"hello\\\" to C:\\\\ and a=b again\"\n");
    }

    @Test
    void everythingStaysOnOneLine() {
        String line = line("two\nlines", new IllegalStateException("broken\r\nheart", new RuntimeException("why")));
        assertThat(line).endsWith("\n").containsOnlyOnce("\n").contains("msg=\"two lines\"");
        assertThat(line).contains("error=\"java.lang.IllegalStateException: broken\\r\\nheart\"", "Caused by: ");
    }

    private String line(String message, @Nullable Throwable failure) {
        Logger logger =
                ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger("dev.tidemark.server.log.Segments");
        return layout.doLayout(new LoggingEvent(getClass().getName(), logger, Level.INFO, message, failure, null));
    }
}
