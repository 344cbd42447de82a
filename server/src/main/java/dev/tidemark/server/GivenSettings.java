package dev.tidemark.server;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;

/** What was given for each setting, and where: the values before anybody knows what they mean. */
final class GivenSettings {
    /**
     * @param origin names the setting as the user did
     */
    private record Given(String value, String origin) {}

    private final Map<Setting, Given> given = new EnumMap<>(Setting.class);

    /** @throws ConfigException for a flag or a key in the file that is no setting, and for a file that cannot be read */
    static GivenSettings read(List<String> flags, Map<String, String> environment) {
        GivenSettings settings = new GivenSettings();
        // The first to give a setting wins.
        settings.readFlags(flags);
        settings.readEnvironment(environment);
        settings.value(Setting.CONFIG_FILE).ifPresent(file -> settings.readFile(Path.of(file)));
        return settings;
    }

    private void readFlags(List<String> flags) {
        Iterator<String> arguments = flags.iterator();
        while (arguments.hasNext()) {
            String argument = arguments.next();
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            Setting setting = Setting.named(name.replaceFirst("^--", ""))
                    .filter(known -> known.flag().equals(name))
                    .orElseThrow(() -> new ConfigException(name + ": no such setting; the flags are " + allFlags()));
            if (given.containsKey(setting)) {
                throw new ConfigException(name + ": given twice");
            }
            given.put(setting, new Given(flagValue(setting, argument, equals, arguments), name));
        }
    }

    private static String flagValue(Setting setting, String argument, int equals, Iterator<String> arguments) {
        if (equals >= 0) {
            return argument.substring(equals + 1);
        }
        if (setting.isSwitch()) {
            return "true";
        }
        if (!arguments.hasNext()) {
            throw new ConfigException(argument + ": needs a value, " + setting.placeholder());
        }
        return arguments.next();
    }

    private static String allFlags() {
        return String.join(
                " ",
                java.util.Arrays.stream(Setting.values()).map(Setting::flag).toList());
    }

    /** An empty variable counts as none: that is how scripts and compose files leave one out. Variables we do not know may be anybody's. */
    private void readEnvironment(Map<String, String> environment) {
        for (Setting setting : Setting.values()) {
            String value = environment.get(setting.environmentVariable());
            if (value != null && !value.isEmpty()) {
                given.putIfAbsent(setting, new Given(value, setting.environmentVariable()));
            }
        }
    }

    private void readFile(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException unreadable) {
            throw new ConfigException(origin(Setting.CONFIG_FILE) + "=" + file + ": cannot be read: " + unreadable);
        }
        for (String key : properties.stringPropertyNames()) {
            Setting setting = Setting.named(key)
                    .orElseThrow(() -> new ConfigException(key + " in " + file + ": no such setting"));
            given.putIfAbsent(setting, new Given(properties.getProperty(key).strip(), key + " in " + file));
        }
    }

    private String origin(Setting setting) {
        Given found = given.get(setting);
        return found == null ? setting.environmentVariable() : found.origin();
    }

    Optional<String> value(Setting setting) {
        return Optional.ofNullable(given.get(setting)).map(Given::value);
    }

    /** The value, read; {@code otherwise} when none was given. */
    <T> T value(Setting setting, String legal, Function<String, T> reader, T otherwise) {
        Optional<String> value = value(setting);
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            return reader.apply(value.get());
        } catch (IllegalArgumentException illegal) {
            throw illegal(setting, legal);
        }
    }

    /** A whole number with both bounds included. */
    long number(Setting setting, long atLeast, long atMost, long otherwise) {
        String legal = "must be a whole number from " + atLeast + " to " + atMost;
        return value(
                setting,
                legal,
                text -> {
                    long number = Long.parseLong(text);
                    if (number < atLeast || number > atMost) {
                        throw new IllegalArgumentException();
                    }
                    return number;
                },
                otherwise);
    }

    /** Names the setting as the user did, its value where that is no secret, and what is legal. */
    ConfigException illegal(Setting setting, String legal) {
        String shown = setting.isSecret()
                ? ""
                : value(setting).map(value -> "=" + value).orElse("");
        return new ConfigException(origin(setting) + shown + ": " + legal);
    }
}
