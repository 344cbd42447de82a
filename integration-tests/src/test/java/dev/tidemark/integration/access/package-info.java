/** Tokens and TLS, as applications and the command line meet them. */
package dev.tidemark.integration.access;
