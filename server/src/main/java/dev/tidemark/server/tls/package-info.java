/** The server's certificate and private key, from a keystore or PEM files; knows nothing of who serves with them. */
package dev.tidemark.server.tls;
