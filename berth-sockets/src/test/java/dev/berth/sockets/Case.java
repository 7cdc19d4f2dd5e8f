package dev.berth.sockets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Something that a program does, whose outcome must be the same on the JDK's sockets and on Berth's: the value as
/// text, or the class and the message of what it throws.
///
/// @param onBerth the outcome on Berth where it differs on purpose (docs/SOCKETS.md says why); otherwise null
record Case(String name, Code code, @Nullable String onBerth) {
    /// What a program does.
    @FunctionalInterface
    interface Code {
        @Nullable
        Object run(Scene scene) throws Exception;
    }

    /// A step whose outcome is noted.
    @FunctionalInterface
    interface Step {
        @Nullable
        Object run() throws Exception;
    }

    /// A step without a value.
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    private static final Pattern PORT = Pattern.compile("(:|port=|Port=)[1-9][0-9]{3,4}\\b");

    /// Collects cases under a common prefix.
    static final class Table {
        private final String prefix;
        private final List<Case> cases = new ArrayList<>();

        Table(String prefix) {
            this.prefix = prefix;
        }

        Table add(String name, Code code) {
            cases.add(new Case(prefix + ": " + name, code, null));
            return this;
        }

        /// A case that differs on purpose.
        Table differs(String name, String onBerth, Code code) {
            cases.add(new Case(prefix + ": " + name, code, onBerth));
            return this;
        }

        Stream<Case> cases() {
            return cases.stream();
        }
    }

    /// The outcome on a platform.
    String outcome(Platform platform) {
        Task<String> task = Task.start(() -> {
            try (Scene scene = new Scene(platform)) {
                return note(() -> code.run(scene));
            }
        });
        return task.get();
    }

    /// The outcomes of several steps.
    static String note(Step... steps) {
        return Arrays.stream(steps).map(Case::note).collect(Collectors.joining("; "));
    }

    /// Whether a getter returns the same object each time.
    static boolean isAlwaysSame(Supplier<?> getter) {
        Object first = getter.get();
        return first == getter.get();
    }

    /// The outcome of a step.
    static String note(Step step) {
        String text;
        try {
            text = text(step.run());
        } catch (Exception e) {
            text = e.getClass().getName() + ": " + message(e);
        }
        return PORT.matcher(text).replaceAll("$1#").replace("localhost/127.0.0.1", "/127.0.0.1");
    }

    /// The message; those that the JVM itself writes for null have names of parameters in them.
    private static @Nullable String message(Exception failure) {
        String message = failure.getMessage();
        return failure instanceof NullPointerException && message != null && message.contains(" because ")
                ? "null"
                : message;
    }

    /// A step for [#note] without a value.
    static Step does(Action action) {
        return () -> {
            action.run();
            return "done";
        };
    }

    /// The outcome on a virtual thread.
    static String onVirtualThread(Callable<Object> action) {
        return Task.start(Task.On.VIRTUAL, () -> note(action::call)).get();
    }

    private static String text(@Nullable Object value) {
        if (value instanceof Collection<?> values) {
            return new TreeSet<>(values.stream().map(String::valueOf).toList()).toString();
        }
        return value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value);
    }

    @Override
    public String toString() {
        return name;
    }
}
