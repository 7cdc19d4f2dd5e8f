package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the usual command lines of `berth run` without picocli, which takes longer to start than the host.
///
/// It has no opinion on what is wrong: whatever is not plainly right, and all that picocli might read in another way
/// (`@file`, quotes, `--`, an option that is not known here, an option that is given twice), is left to picocli, which
/// says what there is to say. The options of the host and their values are those of [HostOption] both ways.
final class RunLine {
    private static final Set<String> CLASS_PATH = Set.of("-cp", "-classpath", "--class-path");
    private static final String JAR = "-jar";
    private static final String PROPERTY = "-D";
    private static final String HOST_OPTION = "--";

    private final List<String> words;
    private final HostPlan.Builder plan = HostPlan.builder();
    private final Set<HostOption> seen = EnumSet.noneOf(HostOption.class);
    private final Map<String, String> properties = new LinkedHashMap<>();
    private @Nullable String classPath;
    private boolean jar;
    private int at;

    private RunLine(List<String> words) {
        this.words = words;
    }

    /// What the words behind `berth run` ask for; null if picocli has to look at them.
    static @Nullable RunRequest parse(List<String> words) {
        for (String word : words) {
            if (word.startsWith("@")) {
                return null; // picocli looks for a file of arguments, wherever this stands
            }
        }
        try {
            return new RunLine(words).request();
        } catch (IllegalArgumentException _) {
            return null; // picocli finds the same, and tells
        }
    }

    private @Nullable RunRequest request() {
        while (at < words.size() && words.get(at).startsWith("-")) {
            if (!option(words.get(at++))) {
                return null;
            }
        }
        List<String> command = words.subList(at, words.size());
        if (command.isEmpty() || command.getFirst().isBlank() || jar && classPath != null) {
            return null;
        }
        if (classPath == null && !isFileName(command.getFirst())) {
            return null;
        }
        return new RunRequest(plan.build(), classPath, properties, List.copyOf(command));
    }

    static boolean isFileName(String text) {
        try {
            var _ = Path.of(text);
            return true;
        } catch (InvalidPathException _) {
            return false;
        }
    }

    /// Reads an option, and its value if that is another word.
    ///
    /// @return false if this is for picocli
    private boolean option(String word) {
        if (word.indexOf('"') >= 0 || word.indexOf('\'') >= 0) {
            return false;
        }
        if (word.startsWith(PROPERTY)) {
            return property(word.substring(PROPERTY.length()));
        }
        if (word.equals(JAR)) {
            boolean first = !jar;
            jar = true;
            return first;
        }
        if (CLASS_PATH.contains(word)) {
            boolean first = classPath == null;
            classPath = value();
            return first && classPath != null;
        }
        if (!word.startsWith(HOST_OPTION)) {
            return false;
        }
        int equals = word.indexOf('=');
        HostOption option = HostOption.of(word.substring(HOST_OPTION.length(), equals < 0 ? word.length() : equals))
                .orElse(null);
        if (option == null || !seen.add(option) && option.kind() != HostOption.Kind.REPEATED) {
            return false;
        }
        String value = equals < 0 ? valueOf(option) : word.substring(equals + 1);
        return value != null && put(option, value, equals >= 0);
    }

    private boolean property(String text) {
        int equals = text.indexOf('=');
        if (equals < 1 || equals == text.length() - 1) {
            return false;
        }
        properties.put(text.substring(0, equals), text.substring(equals + 1));
        return true;
    }

    /// The value of an option that has no `=`; the empty text if it has none.
    private @Nullable String valueOf(HostOption option) {
        return switch (option.kind()) {
            case FLAG -> "";
            case FLAG_OR_VALUE -> at < words.size() && words.get(at).startsWith("-") ? "" : null;
            case VALUE, REPEATED -> value();
        };
    }

    /// The next word, if it can only be a value.
    private @Nullable String value() {
        if (at == words.size()) {
            return null;
        }
        String word = words.get(at++);
        return word.isEmpty() || word.startsWith("-") || word.indexOf('"') >= 0 || word.indexOf('\'') >= 0
                ? null
                : word;
    }

    /// @return false if this is for picocli
    private boolean put(HostOption option, String value, boolean written) {
        if (written && (value.isEmpty() || option.kind() == HostOption.Kind.FLAG)) {
            return false;
        }
        if (option == HostOption.RESERVED) {
            for (String each : value.split(",", -1)) {
                plan.put(option, option.read(each));
            }
        } else {
            plan.put(option, option.read(value));
        }
        return true;
    }
}
