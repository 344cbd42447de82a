/** Where the time goes: a flight recording of server and client under load. */
package dev.tidemark.benchmarks.profile;
