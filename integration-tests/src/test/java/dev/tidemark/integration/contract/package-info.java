/** The contract's behaviour, the same through every door. */
package dev.tidemark.integration.contract;
