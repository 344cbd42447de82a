/** What operators are told: metrics and their page, the dashboard, the container image. */
package dev.tidemark.integration.operations;
