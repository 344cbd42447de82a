package dev.tidemark.benchmarks.load;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The {@code --name value} arguments of a client process. */
public final class Arguments {
    private final Map<String, String> values = new HashMap<>();

    public Arguments(String... args) {
        if (args.length % 2 != 0) {
            throw new IllegalArgumentException("an argument without its value: " + args[args.length - 1]);
        }
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--")) {
                throw new IllegalArgumentException("not an argument: " + args[i]);
            }
            values.put(args[i].substring(2), args[i + 1]);
        }
    }

    /** @throws IllegalArgumentException naming the argument that is missing */
    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    public String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    public int number(String name) {
        return Integer.parseInt(text(name));
    }

    public int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    public Path file(String name) {
        return Path.of(text(name));
    }
}
