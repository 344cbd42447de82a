/** The shape of the code: what may use what, and that the page describing it names what exists. */
package dev.tidemark.integration.architecture;
