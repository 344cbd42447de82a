/**
 * The HTTP interface: routes, codecs, and how errors read. The only place that knows Javalin; no rule of the log lives here. {@link HttpServer} is the door.
 */
package dev.tidemark.server.http;
