package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses what a web page of another site has its reader's browser send: some requests browsers send to any address without asking it first, also to one that only this
 * machine reaches, where nobody is asked for a token. Browsers say so in headers that no page can set; whoever is no browser sends none of them.
 *
 * <p>{@code Sec-Fetch-Site} decides where there is one. Older browsers, and all of them in the clear beyond their own machine, send {@code Origin} alone; that is to be the
 * address asked, as the client or a proxy before this server names it. A page cannot send {@code X-Forwarded-Host} without being asked about it first, and nobody here
 * allows it.
 */
final class OtherSites {
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
    private static final Set<String> OWN = Set.of("same-origin", "none");

    private OtherSites() {}

    /** @throws ApiException CLUSTER_AUTHORIZATION_FAILED for a request that may change something and comes from a page of another site */
    static void refuse(HttpServletRequest request) {
        if (READING.contains(request.getMethod())) {
            return;
        }
        List<String> sites = Collections.list(request.getHeaders("Sec-Fetch-Site"));
        if (!sites.isEmpty()) {
            if (!OWN.containsAll(sites)) {
                throw refused("Sec-Fetch-Site: " + sites.get(0));
            }
            return;
        }
        for (String origin : Collections.list(request.getHeaders("Origin"))) {
            if (!isOwn(origin, request)) {
                throw refused("Origin: " + origin + " at Host: " + request.getHeader("Host"));
            }
        }
    }

    private static boolean isOwn(String origin, HttpServletRequest request) {
        int afterScheme = origin.indexOf("://");
        if (afterScheme < 0) {
            // "null" too: of a page that does not say where it is from.
            return false;
        }
        String defaultPort = origin.regionMatches(true, 0, "https:", 0, 6) ? ":443" : ":80";
        String from = address(origin.substring(afterScheme + 3), defaultPort);
        if (isThat(from, request.getHeader("Host"), defaultPort)) {
            return true;
        }
        return Collections.list(request.getHeaders("X-Forwarded-Host")).stream()
                .flatMap(hosts -> List.of(hosts.split(",", -1)).stream())
                .anyMatch(host -> isThat(from, host, defaultPort));
    }

    private static boolean isThat(String address, @Nullable String host, String defaultPort) {
        return host != null && address.equals(address(host, defaultPort));
    }

    /** Host and port, the port also where it goes without saying. */
    private static String address(String host, String defaultPort) {
        String name = host.strip().toLowerCase(Locale.ROOT);
        boolean hasPort = name.lastIndexOf(':') > name.lastIndexOf(']');
        return hasPort ? name : name + defaultPort;
    }

    private static ApiException refused(String why) {
        return new ApiException(
                ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
                "the request comes from a web page of another site (" + Problems.shortened(why)
                        + "), which may not write here without a token");
    }
}
