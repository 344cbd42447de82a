/** Random records, through every door. */
package dev.tidemark.integration.records;
