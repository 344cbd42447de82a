package dev.tidemark.cli;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads one of an enum's values, written as its {@code toString} says. picocli would offer the constants' names too. */
final class Choice<E extends Enum<E>> implements ITypeConverter<E> {
    private final List<E> choices;

    Choice(Class<E> type) {
        this.choices = Arrays.asList(type.getEnumConstants());
    }

    @Override
    public E convert(String text) {
        return choices.stream()
                .filter(choice -> choice.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is none of "
                        + String.join(", ", choices.stream().map(E::toString).toList())));
    }
}
