package dev.tidemark.integration.contract;

import dev.tidemark.integration.server.Door;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs the class once for the binary form and once for JSON: what the SDK says for its users can be said by hand there. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "through {0}")
@EnumSource(
        value = Door.class,
        names = {"BINARY", "JSON"})
public @interface ThroughBothForms {}
