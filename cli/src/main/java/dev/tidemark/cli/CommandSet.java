package dev.tidemark.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;

/**
 * Commands by name, made when needed: picocli reads a command's annotations by reflection, and for all of them that takes longer than a short command runs.
 */
final class CommandSet {
    private final Map<String, Supplier<?>> commands = new LinkedHashMap<>();

    CommandSet add(String name, Supplier<?> command) {
        commands.put(name, command);
        return this;
    }

    /**
     * Adds to the parent the command the arguments begin with; all of them where they begin with none, for the help and for what it suggests.
     *
     * @return whether all were added
     */
    boolean addTo(CommandLine parent, List<String> args) {
        Supplier<?> wanted = args.isEmpty() ? null : commands.get(args.get(0));
        if (wanted != null) {
            parent.addSubcommand(wanted.get());
            return false;
        }
        commands.values().forEach(command -> parent.addSubcommand(command.get()));
        return true;
    }
}
