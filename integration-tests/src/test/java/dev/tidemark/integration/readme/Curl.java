package dev.tidemark.integration.readme;

import dev.tidemark.integration.door.HttpApi;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends what a {@code curl} command would, as far as the README uses its options: headers ({@code -H}) and a body ({@code -d}). */
final class Curl {
    private static final Pattern COMMAND =
            Pattern.compile("curl '?http://localhost:8080(/[^' ]+)'?((?: -[Hd] '[^']*')*)");
    private static final Pattern OPTION = Pattern.compile("-([Hd]) '([^']*)'");

    private Curl() {}

    /** @return the body of the answer */
    static String send(String command, HttpApi http) {
        // A backslash at the end of a line goes on in the next.
        Matcher curl = COMMAND.matcher(command.replaceAll("\\\\\n\\s*", "").strip());
        if (!curl.matches()) {
            throw new AssertionError("not understood: " + command);
        }
        HttpRequest.Builder request = http.request(curl.group(1));
        for (MatchResult option : OPTION.matcher(curl.group(2)).results().toList()) {
            if (option.group(1).equals("H")) {
                String[] header = option.group(2).split(": ", 2);
                request.header(header[0], header[1]);
            } else {
                request.POST(BodyPublishers.ofString(option.group(2)));
            }
        }
        return http.text(request);
    }
}
