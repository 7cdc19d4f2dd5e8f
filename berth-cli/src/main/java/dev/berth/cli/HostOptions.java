package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/// The options of [HostOption] for picocli.
final class HostOptions {
    private HostOptions() {}

    /// Lets a command have them.
    static void add(CommandSpec command) {
        for (HostOption option : HostOption.values()) {
            OptionSpec.Builder builder = OptionSpec.builder("--" + option.key())
                    .description(option.description().toArray(new String[0]))
                    .converters(reader(option));
            switch (option.kind()) {
                case FLAG -> builder.arity("0").type(Boolean.class);
                case FLAG_OR_VALUE ->
                    builder.arity("0..1").type(Object.class).paramLabel(option.label()).fallbackValue("");
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
    /// @throws IllegalArgumentException if they do not go together, with a sentence that says why
    static HostPlan plan(CommandSpec command) {
        HostPlan.Builder builder = HostPlan.builder();
        for (HostOption option : HostOption.values()) {
            OptionSpec spec = command.findOption("--" + option.key());
            @Nullable Object value = spec.getValue();
            if (value instanceof List<?> values) {
                values.forEach(each -> builder.put(option, each));
            } else if (value != null) {
                builder.put(option, value);
            }
        }
        return builder.build();
    }
}
