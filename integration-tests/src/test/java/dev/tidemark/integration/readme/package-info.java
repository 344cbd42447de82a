/** What the README tells its readers to do, done as it stands there. */
package dev.tidemark.integration.readme;
