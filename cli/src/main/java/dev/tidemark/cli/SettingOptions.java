package dev.tidemark.cli;

import dev.tidemark.server.Setting;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The server's settings as options of a command: the server itself knows what they mean and checks them. */
final class SettingOptions {
    /** What says which database, for commands that start no server. */
    static final List<Setting> OF_A_DATABASE = List.of(
            Setting.CONFIG_FILE,
            Setting.JDBC_URL,
            Setting.DB_USER,
            Setting.DB_PASSWORD,
            Setting.SCHEMA,
            Setting.TOPIC_SCHEMA);

    private SettingOptions() {}

    static void addTo(CommandSpec command, Collection<Setting> settings) {
        settings.forEach(setting -> command.addOption(option(setting)));
    }

    private static OptionSpec option(Setting setting) {
        OptionSpec.Builder option = OptionSpec.builder(setting.flag())
                .paramLabel(setting.placeholder())
                .type(String.class)
                .arity(setting.isSwitch() ? "0..1" : "1")
                .description(setting.help() + ".%nDefault: " + setting.defaultText());
        // A switch without a value.
        return (setting.isSwitch() ? option.fallbackValue("true") : option).build();
    }

    /** What was given, as the server reads it. */
    static List<String> given(ParseResult parsed, Collection<Setting> settings) {
        List<String> flags = new ArrayList<>();
        for (Setting setting : settings) {
            if (parsed.hasMatchedOption(setting.flag())) {
                flags.add(setting.flag() + "=" + parsed.matchedOptionValue(setting.flag(), ""));
            }
        }
        return flags;
    }
}
