package dev.berth.cli;

import dev.berth.ports.EphemeralSelection;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// The options that say which ports the host hands out, and to whom.
final class PortOptions {
    @Option(
            names = "--port-policy",
            paramLabel = "NAME",
            converter = Policy.class,
            description = {
                "The ephemeral ports and the bind rules of a platform:",
                "dynamic (49152-65535, rules of Linux; the default),",
                "linux (32768-60999), freebsd (10000-65535) or windows (49152-65535)."
            })
    private PortPolicy policy = PortPolicy.dynamic();

    @Option(
            names = "--ephemeral",
            paramLabel = "FROM-TO",
            converter = Range.class,
            description = "The ports that clients get, instead of those of the policy.")
    private @Nullable PortRange ephemeral;

    @Option(
            names = "--reserved",
            paramLabel = "PORTS",
            split = ",",
            converter = Range.class,
            description = "Ports and ranges with commas that no client gets; a server may still name them.")
    private List<PortRange> reserved = new ArrayList<>();

    @Option(
            names = "--selection",
            paramLabel = "NAME[:NUMBER]",
            converter = Selection.class,
            description = {
                "How a client's port is chosen: uniform (the default), or by RFC 6056",
                "simple-randomization, random-tries[:TRIES], simple-hash,",
                "double-hash[:COUNTERS] or random-increments[:LARGEST]."
            })
    private @Nullable EphemeralSelection selection;

    @Option(
            names = "--unprivileged-from",
            paramLabel = "PORT",
            converter = LowestPort.class,
            description = "The lowest port that the program may bind. Default: 0, all.")
    private int unprivilegedFrom;

    /// For picocli.
    PortOptions() {}

    /// What the options say together.
    ///
    /// @throws IllegalArgumentException if no port would be left, with a sentence that says so
    PortPolicy policy() {
        PortRange range = ephemeral == null ? policy.ephemeral() : ephemeral;
        EphemeralSelection way = selection == null ? policy.selection() : selection;
        return new PortPolicy(range, reserved, unprivilegedFrom, way, policy.bindRules());
    }

    /// A text of the command line, read by a method that says in a sentence what it does not understand.
    private abstract static class Reader<T> implements ITypeConverter<T> {
        private final Function<String, T> parse;

        Reader(Function<String, T> parse) {
            this.parse = parse;
        }

        @Override
        public T convert(String value) {
            try {
                return parse.apply(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }

    private static final class Policy extends Reader<PortPolicy> {
        Policy() {
            super(PortPolicy::of);
        }
    }

    private static final class Range extends Reader<PortRange> {
        Range() {
            super(PortRange::parse);
        }
    }

    private static final class Selection extends Reader<EphemeralSelection> {
        Selection() {
            super(EphemeralSelection::parse);
        }
    }

    private static final class LowestPort extends Reader<Integer> {
        LowestPort() {
            super(text -> {
                PortRange range = PortRange.parse(text);
                if (range.size() > 1) {
                    throw new IllegalArgumentException("One port is meant, not the range " + range);
                }
                return range.first();
            });
        }
    }
}
