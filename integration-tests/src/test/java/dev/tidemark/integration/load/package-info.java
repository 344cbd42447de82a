/** Load, and what must hold under it. */
package dev.tidemark.integration.load;
