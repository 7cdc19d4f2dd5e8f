package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/// The options of [HostOption] for picocli.
final class HostOptions {
    private HostOptions() {}

    /// Lets a command have some of them.
    static void add(CommandSpec command, Collection<HostOption> options) {
        for (HostOption option : options) {
            OptionSpec.Builder builder = OptionSpec.builder("--" + option.key())
                    .description(option.description().replace("%", "%%"))
                    .converters(reader(option));
            switch (option.kind()) {
                case FLAG -> builder.arity("0").type(Boolean.class);
                case FLAG_OR_VALUE ->
                    builder.arity("0..1")
                            .type(Object.class)
                            .paramLabel(option.label())
                            .fallbackValue("");
                case VALUE -> builder.arity("1").type(Object.class).paramLabel(option.label());
                case REPEATED ->
                    builder.arity("1")
                            .type(List.class)
                            .auxiliaryTypes(Object.class)
                            .splitRegex(option == HostOption.RESERVED ? "," : "")
                            .paramLabel(option.label());
            }
            command.addOption(builder.build());
        }
    }

    private static ITypeConverter<?> reader(HostOption option) {
        return text -> {
            try {
                return option.read(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        };
    }

    /// What the options of a command say together, after it was parsed.
    ///
    /// @param options those that [#add] gave it; it may have others with the same names
    /// @throws IllegalArgumentException if they do not go together, with a sentence that says why
    static HostPlan plan(CommandSpec command, Collection<HostOption> options) {
        HostPlan.Builder builder = HostPlan.builder();
        for (HostOption option : options) {
            @Nullable Object value = command.findOption("--" + option.key()).getValue();
            if (option == HostOption.ALLOW || option == HostOption.DENY) {
                continue; // their order counts
            }
            if (value instanceof List<?> values) {
                values.forEach(each -> builder.put(option, each));
            } else if (value != null) {
                builder.put(option, value);
            }
        }
        rules(command, builder);
        return builder.build();
    }

    /// The rules of both options, as they stand on the command line.
    private static void rules(CommandSpec command, HostPlan.Builder builder) {
        Deque<Object> allowed = values(command, HostOption.ALLOW);
        Deque<Object> denied = values(command, HostOption.DENY);
        for (String word : command.commandLine().getParseResult().expandedArgs()) {
            HostOption option =
                    is(word, HostOption.ALLOW) ? HostOption.ALLOW : is(word, HostOption.DENY) ? HostOption.DENY : null;
            Object rule = option == null ? null : (option == HostOption.ALLOW ? allowed : denied).poll();
            if (option != null && rule != null) {
                builder.put(option, rule);
            }
        }
    }

    private static Deque<Object> values(CommandSpec command, HostOption option) {
        List<?> values = command.findOption("--" + option.key()).getValue();
        return values == null ? new ArrayDeque<>() : new ArrayDeque<>(values);
    }

    private static boolean is(String word, HostOption option) {
        String name = "--" + option.key();
        return word.equals(name) || word.startsWith(name + "=");
    }
}
