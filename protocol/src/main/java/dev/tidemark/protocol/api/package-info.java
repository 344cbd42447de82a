/** The JSON messages of the HTTP interface, field names in snake_case there. Plain records; each side brings its own JSON codec. */
package dev.tidemark.protocol.api;
