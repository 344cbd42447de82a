package dev.tidemark.cli;

/** Makes a record of a line of input. */
interface LineParser {
    InputRecord parse(byte[] line) throws BadLine;
}
