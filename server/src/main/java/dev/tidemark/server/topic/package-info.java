/** Topics, their configs and their administration. */
package dev.tidemark.server.topic;
